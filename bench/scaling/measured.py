"""The model against real copies: two of them, callers in turn at random, a stub that counts what it is asked."""

import asyncio
import json
import random
import sys
import time

from ..harness import install, peers, recorded
from ..harness.load import Client
from .model import Case, computed

CASES = [
    Case(rate=300, copies=1, keys=200, lifetime=1),
    Case(rate=300, copies=2, keys=200, lifetime=1),
    Case(rate=300, copies=2, keys=200, lifetime=1, sticky=True),
    Case(rate=300, copies=2, keys=200, lifetime=3),
]
SECONDS = 12
CONNECTIONS = 8


def main():
    install.everything()
    print("\n| copies | callers | balancer | lifetime | requests/s | questions/s measured | computed for that rate | |")
    print("| --- | --- | --- | --- | --- | --- | --- | --- |")
    bad = False
    for case in CASES:
        rate, questions = measure(case)
        expected = computed(Case(rate, case.copies, case.keys, case.lifetime, case.spread, case.sticky))
        ratio = questions / expected
        bad |= not 0.85 <= ratio <= 1.15
        where = "by caller" if case.sticky else "any"
        print(
            f"| {case.copies} | {case.keys} | {where} | {case.lifetime:g} s | {rate:,.0f} | {questions:,.1f} | {expected:,.1f} "
            f"| {ratio:.2f} × |",
            flush=True,
        )
    if bad:
        sys.exit("the model is off by more than 15 %")


def measure(case: Case) -> tuple[float, float]:
    """Requests and questions a second, from the middle of a lifetime for several whole ones."""
    with peers.stub(recorded.files()) as cluster:
        copies = [
            peers.mlgate(cluster.port, f"mlgate-{number}", None, privilege_cache_seconds=int(case.lifetime))
            for number in range(case.copies)
        ]
        try:
            return asyncio.run(load(case, [copy.port for copy in copies], cluster.port))
        finally:
            for copy in copies:
                copy.stop()


async def load(case: Case, ports: list[int], cluster: int) -> tuple[float, float]:
    random.seed(3)
    keys, weights = range(case.keys), case.weights()
    sent = 0

    async def worker(begun: float):
        nonlocal sent
        lines = [await asyncio.open_connection("127.0.0.1", port) for port in ports]
        while time.monotonic() < begun + SECONDS + 2 * case.lifetime:
            # Poisson, all workers together at the rate
            await asyncio.sleep(random.expovariate(case.rate / CONNECTIONS))
            key = random.choices(keys, weights)[0]
            at = key % len(ports) if case.sticky else random.randrange(len(ports))
            reader, writer = lines[at]
            writer.write(
                b"GET /_ml/anomaly_detectors/b1/results/buckets HTTP/1.1\r\nHost: a\r\n"
                + f"Authorization: ApiKey caller-{key}\r\n\r\n".encode()
            )
            head = await reader.readuntil(b"\r\n\r\n")
            if not head.startswith(b"HTTP/1.1 200"):
                raise RuntimeError(head[:300])
            length = next(line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:"))
            await reader.readexactly(int(length.split(b":")[1]))
            sent += 1

    async def count(begun: float):
        await asyncio.sleep(begun + 1.5 * case.lifetime - time.monotonic())
        before = (sent, questions(cluster), time.monotonic())
        await asyncio.sleep(SECONDS)
        after = (sent, questions(cluster), time.monotonic())
        seconds = after[2] - before[2]
        return (after[0] - before[0]) / seconds, (after[1] - before[1]) / seconds

    begun = time.monotonic()
    *_, counted = await asyncio.gather(*(worker(begun) for _ in range(CONNECTIONS)), count(begun))
    return counted


def questions(port: int) -> int:
    return json.loads(Client(port).call("GET", "/counts"))["questions"]
