#!/usr/bin/env python3
"""The capacity model: what a workload needs, from what each kind of request costs.

    bench/run model                         predictions beside the scenarios' measurements, then a million and a billion
    bench/run model --users 5e6 --likes 10  a workload of yours

Costs and measurements are those of bench/results/scenarios.json (bench/run scenarios). Hit ratios: for each key of a
Zipf law λT / (1 + λT) by its lifetime T, and Che's approximation by size. Batches: the rules of the batcher (more than
10 pending, or 60 s), per tweet and worker."""

import argparse
import json
import pathlib
import sys
from dataclasses import fields, replace

ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests/flow"))
import measure  # noqa: E402
from traffic import growth, plan, predict  # noqa: E402

RESULTS = ROOT / "bench/results/scenarios.json"
GOAL = 0.15
WHY = {
    "slow-database": "the model knows of no queue that builds up while the database stands still",
    "hangs": "how long requests wait for a worker that hangs is not in the model",
    "killed": "what is under way when a worker dies, and what its successor reads back, is not in the model",
    "away": "which reads fail depends on when the database goes, not only on for how long",
    "crawler": "which tweets a cache keeps under a scan is known by approximation only (LRU for nginx, S3-FIFO)",
}
GROWTH = [10 ** (half / 2) for half in range(8, 19)]  # ten thousand to a billion users


def compared(results):
    """[(scenario, database, step, figure, predicted, measured, relative miss)]"""
    rows = []
    for scenario in (plan.scaled(scenario, results["load"]) for scenario in plan.SCENARIOS):
        for database, steps in results["runs"].get(scenario.name, {}).items():
            for step, found in steps.items():
                said = predict.predict(scenario, database, step, results["costs"][database], results["seconds"])
                rows += [(scenario, database, step, *row) for row in predict.compare(scenario, found, said)]
    return rows


def share_met(rows):
    return sum(row[-1] <= GOAL for row in rows) / len(rows) if rows else 0.0


def tables(rows):
    """{name of a block: [(scenario, cells)]}: a line for each run, the misses marked."""
    lines = {}
    for scenario, database, step, name, said, found, miss in rows:
        cells = lines.setdefault((scenario, database, step), {})
        mark = "" if miss <= GOAL else " **"
        end = "**" if mark else ""
        shown = (f"{said:.1%} / {found:.1%}" if name == "proxy hits" else f"{said:,.0f} / {found:,.0f}")
        cells[name] = f"{mark}{shown}{end}".strip()
    return lines


def options_from(arguments):
    parser = argparse.ArgumentParser(prog="bench/run model", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--from", dest="source", type=pathlib.Path, default=RESULTS, metavar="FILE", help="results")
    parser.add_argument("--no-report", action="store_true", help="leave docs/ as they are")
    parser.add_argument("--database", choices=("sqlite", "postgres"), default="postgres")
    known = {"users": "users", "reads": "reads_per_user", "likes": "likes_per_user", "posts": "posts_per_user",
             "objects": "objects_per_user", "exponent": "exponent", "peak": "peak", "lifetime": "lifetime_s",
             "cache": "cache_bytes", "cores": "cores", "proxies": "proxies", "workers": "workers"}
    kinds = {field.name: field.type for field in fields(growth.Workload)}
    for flag, name in known.items():
        parser.add_argument(f"--{flag}", dest=name, type=int if kinds[name] is int else float, metavar="N")
    options = parser.parse_args(arguments)
    options.changes = {name: getattr(options, name) for name in known.values() if getattr(options, name) is not None}
    return options


def read_results(path):
    if not path.exists():
        raise measure.BenchError(f"no {path}: run bench/run scenarios first")
    results = json.loads(path.read_text())
    if not results.get("costs"):
        raise measure.BenchError(f"{path} has no costs: run bench/run scenarios without --no-costs")
    return results


def say_need(load, needed):
    machines = ", ".join(f"{name} {count:,}" for name, count in needed.machines.items())
    return (f"{load.users:>13,.0f} users  {needed.reads_per_s:>9,.0f} reads/s  {needed.likes_per_s:>7,.0f} likes/s  "
            f"hits {needed.proxy_hit:.1%}  {needed.statements_per_s:>9,.0f} statements/s  {needed.gbit:.1f} Gbit/s  "
            f"machines: {machines}\n{'':15}{'; '.join(needed.changes)}")


def main(arguments=None):
    options = options_from(arguments)
    results = read_results(options.source)
    rows = compared({**results, "runs": {n: {d: s for d, s in found.items() if d in results["costs"]}
                                         for n, found in results["runs"].items()}})
    for (scenario, database, step), cells in tables(rows).items():
        print(f"{scenario.name:<14}{database:<9}{step:<8}" + "   ".join(f"{n} {c}" for n, c in cells.items()))
    print(f"{share_met(rows):.0%} of {len(rows)} figures within {GOAL:.0%}\n")
    costs = growth.Costs.of(results["costs"][options.database])
    start = replace(growth.Workload(users=1e6), **options.changes)
    loads = [start] if "users" in options.changes else [replace(start, users=users) for users in GROWTH]
    needs = [(load, growth.need(load, costs)) for load in loads]
    for load, needed in needs[:: 1 if len(needs) == 1 else 2]:
        print(say_need(load, needed))
    if not options.no_report and not options.changes:
        from traffic import model_report

        for path in model_report.write(results, rows, tables(rows), needs, costs, ROOT / "docs", GOAL, WHY):
            print(path.relative_to(ROOT))
    return 0


if __name__ == "__main__":
    sys.exit(measure.say_what_is_wrong("bench/run model", main))
