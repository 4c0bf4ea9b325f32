"""`python -m bench.harness [--quick] [--only NAME ...]`"""

import argparse
import json
import os
import sys
import time
import traceback

from . import install, report
from .load import pin_harness
from .measures import embedded, genuine, get_buckets, growth, latency, memory, pass_through, privileges, reshape
from .places import DOCS, RESULTS, WORK

MEASURES = {
    "reshape": reshape,
    "pass-through": pass_through,
    "get-buckets": get_buckets,
    "latency": latency,
    "privileges": privileges,
    "memory": memory,
    "genuine": genuine,
    "embedded": embedded,
    "growth": growth,
}


def main() -> int:
    parser = argparse.ArgumentParser(prog="bench/run", description="Measures mlgate against what could stand in its place.")
    parser.add_argument("--quick", action="store_true", help="few and short rounds; written below target/bench/ only")
    parser.add_argument("--only", action="append", choices=MEASURES, help="only this one (may be given again)")
    parser.add_argument("--list", action="store_true", help="names of all measures")
    asked = parser.parse_args()
    if asked.list:
        print("\n".join(MEASURES))
        return 0
    rounds, seconds = (3, 1.0) if asked.quick else (7, 1.0)
    begun = time.monotonic()
    install.everything()
    pin_harness()
    outcomes, failed = {}, {}
    for name in asked.only or MEASURES:
        print(f"{name} …", file=sys.stderr, flush=True)
        started = time.monotonic()
        try:
            outcomes[name] = MEASURES[name].run(rounds, seconds)
        except Exception as error:  # the rest goes on; what failed is in the document and in the exit code
            traceback.print_exc()
            failed[name] = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        else:
            for row in outcomes[name].rows:
                print("   ", report.table_line(row), file=sys.stderr, flush=True)
        print(f"    took {time.monotonic() - started:.0f} s", file=sys.stderr, flush=True)
    partial = asked.quick or asked.only
    folder = WORK / "docs" if partial else DOCS
    RESULTS.write_text(json.dumps({name: outcome.to_json() for name, outcome in outcomes.items()}, indent=1))
    report.write(outcomes, install.MISSING, asked.quick, time.monotonic() - begun, folder, failed)
    print(f"written: {os.path.relpath(folder / 'benchmarks.md')}", file=sys.stderr)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
