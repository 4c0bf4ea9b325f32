"""A program that is measured: on one core, its log in a file, gone when the harness is gone."""

import ctypes
import os
import signal
import socket
import subprocess
import time
from pathlib import Path

from .places import LOGS

# The program that is measured has a core for itself; loads and upstreams share the other one.
PROXY_CORE = 0
OTHER_CORE = 1 if (os.cpu_count() or 1) > 1 else 0


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def on_core(core: int | None):
    """Runs in the child before it becomes the program."""

    def prepare():
        ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG
        if core is not None:
            os.sched_setaffinity(0, {core})

    return prepare


def on_all_cores():
    """As `on_core`, for builds and whatever is not measured."""
    os.sched_setaffinity(0, range(os.cpu_count() or 1))


class Process:
    """Started by the constructor; stopped at the end of a `with`."""

    def __init__(self, name: str, command: list, core: int | None, port: int, env: dict | None = None, wait: float = 20):
        LOGS.mkdir(parents=True, exist_ok=True)
        self.name, self.port, self.log = name, port, LOGS / f"{name}.log"
        with open(self.log, "wb") as log:
            self.child = subprocess.Popen(
                [str(word) for word in command],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                preexec_fn=on_core(core),
                env={**os.environ, **(env or {})},
            )
        self._wait_for_port(wait)

    def _wait_for_port(self, seconds: float):
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if self.child.poll() is not None:
                raise RuntimeError(f"{self.name} ended: {self.log.read_text(errors='replace')[-2000:]}")
            try:
                socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
                return
            except OSError:
                time.sleep(0.02)
        self.stop()
        raise RuntimeError(f"{self.name} does not listen: {self.log.read_text(errors='replace')[-2000:]}")

    def cpu(self) -> float:
        """Seconds of CPU so far, user and system, of all threads, to the nanosecond."""
        return time.clock_gettime((~self.child.pid << 3) | 2)  # what clock_getcpuclockid(3) gives for a process

    def _status(self, key: str) -> int:
        for line in Path(f"/proc/{self.child.pid}/status").read_text().splitlines():
            if line.startswith(key + ":"):
                return int(line.split()[1]) * 1024
        raise KeyError(key)

    def resident(self) -> int:
        """Bytes in memory now."""
        return self._status("VmRSS")

    def peak(self) -> int:
        """Most bytes in memory since `forget_peak`."""
        return self._status("VmHWM")

    def forget_peak(self):
        Path(f"/proc/{self.child.pid}/clear_refs").write_text("5")

    def stop(self):
        if self.child.poll() is None:
            self.child.terminate()
            try:
                self.child.wait(3)
            except subprocess.TimeoutExpired:
                self.child.kill()
                self.child.wait()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()
