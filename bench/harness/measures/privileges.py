"""B7: privileges: what a warm check costs, and how often the cluster is asked when many come at once."""

import asyncio
import json

from .. import divan, peers, recorded
from ..load import AUTHORIZATION, Client
from ..outcome import Outcome, Row

CALLERS = 500


def run(rounds: int, seconds: float) -> Outcome:
    outcome = Outcome()
    times, _ = divan.medians("privileges", "warm_check")
    took = times["warm_check"] * 1e6
    outcome.rows.append(Row("warm privilege check, decision and permit, CPU", f"{took:.2f} µs", "≤ 2 µs", took <= 2))
    with peers.stub(recorded.files(), "300ms") as cluster, peers.mlgate(cluster.port) as gate:
        before = counts(cluster)
        statuses = asyncio.run(at_once(gate.port))
        after = counts(cluster)
        asked, searched = (after[name] - before[name] for name in ("questions", "searches"))
        if statuses != [200] * CALLERS or searched != CALLERS:
            raise RuntimeError(f"{CALLERS} callers: {searched} searches, {statuses.count(200)} were answered")
        outcome.rows.append(Row(f"{CALLERS} cold requests of one caller at once: questions", str(asked), "1", asked == 1))
    return outcome


def counts(cluster) -> dict:
    return json.loads(Client(cluster.port).call("GET", "/counts"))


async def at_once(port: int) -> list[int]:
    """All are connected before the first one asks."""
    connections = [await asyncio.open_connection("127.0.0.1", port) for _ in range(CALLERS)]
    request = f"GET /_ml/anomaly_detectors/b1/results/buckets HTTP/1.1\r\nHost: a\r\nAuthorization: {AUTHORIZATION}\r\n\r\n"

    async def ask(reader, writer) -> int:
        writer.write(request.encode())
        await writer.drain()
        line = await asyncio.wait_for(reader.readline(), 30)
        writer.close()
        return int(line.split()[1])

    return await asyncio.gather(*(ask(*connection) for connection in connections))
