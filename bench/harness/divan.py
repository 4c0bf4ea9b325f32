"""Runs the in-process benchmarks of `benches/` and reads what divan prints."""

from __future__ import annotations

import re
import subprocess

from .places import ROOT
from .process import PROXY_CORE, on_all_cores, on_core

UNITS = {"ns": 1e-9, "µs": 1e-6, "ms": 1e-3, "s": 1}
ROW = re.compile(r"^(?P<tree>[│ ]*)[├╰]─ (?P<name>\S+)(?P<rest>.*)$")
RATE = re.compile(r"([\d.]+) (MB|GB)/s")
RATES = {"MB": 1e6, "GB": 1e9}
TIME = re.compile(r"([\d.]+) (ns|µs|ms|s)\b(?!/)")


def build(bench: str):
    command = ["cargo", "bench", "--locked", "--no-run", "--bench", bench]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, preexec_fn=on_all_cores)
    if done.returncode:
        raise RuntimeError(f"bench {bench} cannot be built: {done.stderr[-800:]}")


def medians(bench: str, only: str = "") -> tuple[dict[str, float], dict[str, float]]:
    """Seconds, and bytes a second where the bench counts bytes, by `function` or `function/argument`."""
    build(bench)
    command = ["cargo", "bench", "--locked", "--bench", bench, "--", *([only] if only else [])]
    # On the core of those who are measured.
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, preexec_fn=on_core(PROXY_CORE))
    if done.returncode:
        raise RuntimeError(f"bench {bench}: {done.stderr[-800:]}")
    found, rates, group, full = {}, {}, "", ""
    for line in done.stdout.splitlines():
        match = ROW.match(line)
        if not match:
            # The line below a row of times.
            columns = line.split("│")
            rate = RATE.search(columns[-4]) if len(columns) > 4 else None
            if rate and full:
                rates[full] = float(rate[1]) * RATES[rate[2]]
            continue
        name, columns = match["name"], match["rest"].split("│")
        if not match["tree"]:
            group = name
        time = TIME.search(columns[2]) if len(columns) > 2 else None
        if time:
            full = name if not match["tree"] else f"{group}/{name}"
            found[full] = float(time[1]) * UNITS[time[2]]
    if not found:
        raise RuntimeError(f"bench {bench} printed no times: {done.stdout[-800:]}")
    return found, rates
