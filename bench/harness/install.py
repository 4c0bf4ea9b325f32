"""Brings what the harness needs. What cannot be had is said loudly, and missing from the table; the rest goes on."""

import os
import shutil
import subprocess
import sys

from .places import BIN, LOGS, MLGATE, PEERS, ROOT, WORK

# What could not be installed, and why: it goes into the document.
MISSING: dict[str, str] = {}


def run(command: list, cwd=None, env=None) -> str | None:
    """`None` where all went well, else the end of what was printed."""
    try:
        done = subprocess.run(
            [str(word) for word in command], cwd=cwd, env={**os.environ, **(env or {})}, capture_output=True, text=True
        )
    except OSError as error:
        return str(error)
    return None if done.returncode == 0 else (done.stdout + done.stderr)[-800:]


def missing(peer: str, why: str):
    MISSING[peer] = why.strip().splitlines()[-1] if why.strip() else "no reason given"
    print(f"\n*** MISSING: {peer}: {why}\n", file=sys.stderr)


def debian(program: str, package: str):
    if shutil.which(program) or os.path.exists(f"/usr/sbin/{program}"):
        return
    # A package must not start the server that it brings.
    policy = "/usr/sbin/policy-rc.d"
    ours = not os.path.exists(policy)
    if ours:
        with open(policy, "w", encoding="ascii") as file:
            file.write("#!/bin/sh\nexit 101\n")
        os.chmod(policy, 0o755)
    why = run(["apt-get", "install", "-qy", "--no-install-recommends", package])
    if why:
        run(["apt-get", "update", "-q"])
        why = run(["apt-get", "install", "-qy", "--no-install-recommends", package])
    if ours:
        os.remove(policy)
    if why:
        missing(program, why)


def go_programs():
    if not shutil.which("go"):
        debian("go", "golang-go")
    why = run(["go", "build", "-o", f"{BIN}/", "./..."], cwd=PEERS / "go")
    if why:
        missing("go", why)


def node_client():
    if not shutil.which("npm"):
        debian("npm", "npm")
    folder = WORK / "node"
    if (folder / "node_modules" / "@elastic").exists():
        return
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copy(PEERS / "package.json", folder)
    why = run(["npm", "install", "--no-audit", "--no-fund", "--silent"], cwd=folder)
    if why:
        missing("node", why)


def mlgate():
    """The release build. Without it there is nothing to measure."""
    if "BENCH_MLGATE" in os.environ:
        return
    print("building mlgate", file=sys.stderr)
    why = run(["cargo", "build", "--release", "--locked", "--quiet"], cwd=ROOT)
    if why or not MLGATE.exists():
        sys.exit(f"mlgate cannot be built: {why}")


def everything():
    for folder in (WORK, LOGS, BIN):
        folder.mkdir(parents=True, exist_ok=True)
    debian("nginx", "nginx-light")
    debian("haproxy", "haproxy")
    debian("wrk", "wrk")
    go_programs()
    node_client()
    mlgate()
    if "wrk" in MISSING or "nginx" in MISSING:
        sys.exit("without wrk and nginx nothing can be measured")
