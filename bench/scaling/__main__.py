"""Prints the tables of docs/scaling.md."""

import argparse

from . import measured
from .model import Case, computed, fits, simulated

CASES = [
    Case(rate=100_000, copies=1, keys=1_000),
    Case(rate=100_000, copies=10, keys=1_000),
    Case(rate=100_000, copies=10, keys=10_000),
    Case(rate=100_000, copies=10, keys=100_000),
    Case(rate=100_000, copies=40, keys=10_000),
    Case(rate=100_000, copies=10, keys=10_000, sticky=True),
    Case(rate=100_000, copies=10, keys=100_000, sticky=True),
    Case(rate=100_000, copies=10, keys=10_000, lifetime=10),
    Case(rate=100_000, copies=10, keys=10_000, lifetime=1),
    Case(rate=100_000, copies=10, keys=100_000, spread=0),
]


def main():
    parser = argparse.ArgumentParser(prog="bench/scaling/run")
    parser.add_argument("--measure", action="store_true", help="real copies too, at a rate that this machine bears")
    asked = parser.parse_args()
    print("| requests/s | copies | callers × jobs | asked for | balancer | lifetime | questions/s computed | simulated | of all requests |")
    print("| --- | --- | --- | --- | --- | --- | --- | --- | --- |")
    for case in CASES:
        seen, formula = simulated(case), computed(case)
        where = "by caller" if case.sticky else "any"
        how = "evenly" if case.spread == 0 else "unevenly"
        full = "" if fits(case) else " (more are fresh than a copy keeps)"
        print(
            f"| {case.rate:,.0f} | {case.copies} | {case.keys:,} | {how} | {where} | {case.lifetime:g} s "
            f"| {formula:,.0f}{full} | {seen:,.0f} | {seen / case.rate:.1%} |",
            flush=True,
        )
    if asked.measure:
        measured.main()


if __name__ == "__main__":
    main()
