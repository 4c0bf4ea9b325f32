"""Loads: wrk for many requests, one connection of our own for wall times."""

from __future__ import annotations

import base64
import http.client
import json
import os
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

from .process import OTHER_CORE, Process, on_core
from .rounds import Weather

LUA = Path(__file__).with_name("load.lua")
USER = ("ml_reader", "file-secret")


def basic(user: str, password: str) -> str:
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


AUTHORIZATION = basic(*USER)


@dataclass
class Load:
    """What wrk saw."""

    requests: int
    seconds: float
    p50: float
    p99: float


def wrk(port: int, path: str, seconds: float, connections: int = 16, args: tuple = (), authorization=AUTHORIZATION) -> Load:
    """Bounded by time; any reply that is not a success is an error."""
    command = ["wrk", "-t1", f"-c{connections}", f"-d{max(1, round(seconds))}s", "--timeout", "20s", "-s", LUA]
    command += ["-H", f"Authorization: {authorization}"] if authorization else []
    command += [f"http://127.0.0.1:{port}{path}", "--", *args]
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True, preexec_fn=on_core(OTHER_CORE))
    lines = [line for line in done.stdout.splitlines() if line.startswith("{")]
    if not lines:
        raise RuntimeError(f"wrk: {done.stdout}{done.stderr}")
    told = json.loads(lines[-1])
    if told["bad"] or told["broken"]:
        raise RuntimeError(f"{path}: {told}")
    if not told["requests"]:
        raise Weather(f"{path}: no reply in {seconds:g} s")
    return Load(told["requests"], told["microseconds"] / 1e6, told["p50"], told["p99"])


def cpu_per_request(process: Process, path: str, seconds: float, **how) -> float:
    """Microseconds of a process' CPU for one request."""
    for longer in (1, 4):
        before = process.cpu()
        try:
            load = wrk(process.port, path, longer * seconds, **how)
        except Weather:
            # Large replies on a busy machine: not one came to its end.
            continue
        return (process.cpu() - before) / load.requests * 1e6
    raise Weather(f"{process.name}: {path}: no reply in {4 * seconds:g} s")


class Client:
    """One kept connection."""

    def __init__(self, port: int, authorization: str | None = AUTHORIZATION):
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        self.headers = {"Authorization": authorization} if authorization else {}

    def call(self, method: str, path: str, body=None) -> bytes:
        headers = dict(self.headers)
        if body is not None and not isinstance(body, bytes):
            body = json.dumps(body).encode()
        if body is not None:
            headers["Content-Type"] = "application/json"
        self.connection.request(method, path, body, headers)
        reply = self.connection.getresponse()
        content = reply.read()
        if reply.status != 200:
            raise RuntimeError(f"{method} {path}: {reply.status} {content[:500]!r}")
        return content

    def seconds(self, times: int, method: str, path: str, body=None) -> list[float]:
        """Wall times of so many requests, one after the other, to the last byte."""
        taken = []
        for _ in range(times):
            begun = time.perf_counter()
            self.call(method, path, body)
            taken.append(time.perf_counter() - begun)
        return taken

    def close(self):
        self.connection.close()


def pin_harness():
    """The harness' own work goes where loads go."""
    os.sched_setaffinity(0, {OTHER_CORE})
