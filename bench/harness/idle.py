"""`bench/idle`: what 2,000 idle and 200 slow connections do to the p50 of the others, in rounds with and without them.

Two more rounds without them are the control. Writes docs/idle-and-slow.md."""

import argparse
import subprocess
import sys
from contextlib import ExitStack, contextmanager

from . import install, machine, peers, recorded
from .load import AUTHORIZATION, pin_harness, wrk
from .outcome import Row
from .places import DOCS, PEERS, WORK
from .process import OTHER_CORE, Process, on_core
from .report import table_line
from .rounds import interleave

IDLE, SLOW = 2_000, 200
LIMIT = 1.2
MEASURED = ("nginx", "haproxy", "go", "mlgate")


@contextmanager
def crowd(port: int, seconds: float):
    """The connections, in a process of their own, while something else is measured."""
    command = [WORK / "venv" / "bin" / "python", PEERS / "crowd.py", port, IDLE, SLOW, seconds, AUTHORIZATION]
    child = subprocess.Popen([str(word) for word in command], stdout=subprocess.PIPE, text=True, preexec_fn=on_core(OTHER_CORE))
    try:
        if child.stdout.readline().strip() != "ready":
            raise RuntimeError("the crowd did not come")
        yield child
    finally:
        child.kill()
        child.wait()


def measure(peer: Process, seconds: float, rounds: int):
    healthy = lambda: wrk(peer.port, "/logs/_doc/1kb", seconds, connections=4)  # noqa: E731
    memory = {}

    def quiet() -> float:
        return healthy().p50

    def crowded() -> float:
        before = peer.resident()
        with crowd(peer.port, 60):
            memory["held"] = max(memory.get("held", 0), peer.resident() - before)
            return healthy().p50

    measured = interleave({"quiet": quiet, "quiet again": quiet, "crowded": crowded}, rounds, ("quiet again", "quiet"))
    return measured, memory["held"]


def main() -> int:
    parser = argparse.ArgumentParser(prog="bench/idle")
    parser.add_argument("--quick", action="store_true", help="few rounds; written below target/bench/ only")
    asked = parser.parse_args()
    rounds = 3 if asked.quick else 7
    install.everything()
    pin_harness()
    rows = []
    with ExitStack() as stack:
        cluster = stack.enter_context(recorded.start())
        streams = stack.enter_context(peers.stub(recorded.files()))
        cluster = stack.enter_context(both(cluster.port, streams.port))
        for name, start in peers.available({name: peers.PASSING[name] for name in MEASURED}).items():
            with start(cluster.port) as peer:
                measured, held = measure(peer, 1, rounds)
            ratio, ours = measured.ratio("crowded", "quiet"), name == "mlgate"
            reached = None if measured.inconclusive or not ours else ratio.median <= LIMIT
            words = f"{ratio.text()} ×, {held / (IDLE + SLOW) / 1024:.1f} KiB resident a connection"
            rows.append(Row(f"{name}: p50 among {IDLE:,} idle and {SLOW} slow connections, to p50 without", words, f"≤ {LIMIT} ×" if ours else "–", reached, measured.note()))
            print(table_line(rows[-1]), file=sys.stderr, flush=True)
    write(rows, asked.quick)
    return 0


def both(files: int, streams: int) -> Process:
    """One upstream of two: large replies come from the stub that streams."""
    port = peers.free_port()
    http = f"""upstream files {{ server 127.0.0.1:{files}; keepalive 64; }}
  server {{
    listen 127.0.0.1:{port} backlog=4096; proxy_http_version 1.1; proxy_set_header Connection "";
    location / {{ proxy_pass http://files; }}
    location /stream/ {{ proxy_pass http://127.0.0.1:{streams}; proxy_buffering off; }}
  }}"""
    return peers.nginx_with("both", http, port, OTHER_CORE)


def write(rows: list[Row], quick: bool):
    folder = (WORK / "docs") if quick else DOCS
    folder.mkdir(parents=True, exist_ok=True)
    lines = ["# Idle and slow connections", ""]
    if quick:
        lines += ["**A quick run: nothing may be concluded from it.**", ""]
    lines += [
        f"What {IDLE:,} connections that have asked once and say nothing, and {SLOW} slow ones, do to those who ask ordinarily, over 4",
        "connections. A third of the slow ones sends its head byte by byte, a third a body of 100 kB, a third takes a reply of 2 MiB in",
        "4 KiB sips; two a second each. Who is cut off comes again, so they stay as many. Rounds with and without them take turns; each has",
        "two without, and where those differ by more than 15 % the round is void. `bench/idle` does it all. The crowd and the load share a",
        "core, so some of what is seen is the load's own delay, for every proxy alike.",
        "",
        *(f"- {line}" for line in machine.describe()),
        "",
        "| what | measured | target | |",
        "| --- | --- | --- | --- |",
        *(table_line(row) for row in rows),
    ]
    (folder / "idle-and-slow.md").write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    sys.exit(main())
