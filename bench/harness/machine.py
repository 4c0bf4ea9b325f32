"""What was measured, and on what."""

import os
import platform
import re
import subprocess
from pathlib import Path

from .places import ROOT, WORK


def _first(command: list, pattern: str = r"[\d.]+[\w.-]*") -> str:
    try:
        done = subprocess.run([str(word) for word in command], capture_output=True, text=True, cwd=ROOT, timeout=30)
    except OSError:
        return "–"
    match = re.search(pattern, done.stdout + done.stderr)
    return match[0] if match else "–"


def cpu() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.split(":", 1)[1].strip()
    return platform.machine()


def memory() -> str:
    kib = int(re.search(r"MemTotal:\s+(\d+)", Path("/proc/meminfo").read_text())[1])
    return f"{kib / (1 << 20):.0f} GB"


def describe() -> list[str]:
    return [f"{cpu()}, {os.cpu_count()} cores, {memory()}, Linux {platform.release()}", *versions()]


def versions() -> list[str]:
    python = WORK / "venv" / "bin" / "python"
    packages = ("fastapi", "httpx", "uvicorn", "elasticsearch")
    versions = {
        "mlgate": _first(["git", "describe", "--always", "--dirty"], r"\S+"),
        "rustc": _first(["rustc", "--version"]),
        "nginx": _first(["/usr/sbin/nginx", "-v"], r"(?<=nginx/)[\d.]+"),
        "haproxy": _first(["haproxy", "-v"], r"(?<=version )[\d.]+"),
        "wrk": _first(["dpkg-query", "-W", "-f", "${Version}", "wrk"], r"\S+"),
        "Go": _first(["go", "version"], r"(?<=go)\d[\d.]+"),
        "Python": platform.python_version(),
        "Node": _first(["node", "--version"], r"(?<=v)[\d.]+"),
    }
    for name in packages:
        versions[name] = _first([python, "-c", f"import importlib.metadata as m; print(m.version('{name}'))"])
    return [", ".join(f"{name} {version}" for name, version in versions.items())]
