#!/usr/bin/env python3
"""The whole stack under each kind of traffic, on SQLite and on PostgreSQL.

    bench/run scenarios                     everything: results, tables, plots, and the figures of docs/report.md
    bench/run scenarios --only viral,cold   only these scenarios
    bench/run scenarios --seconds 3         shorter runs, for a look
    bench/run scenarios --from FILE         draws and writes from results, without measuring

Each scenario in steps: one worker without caches and with one UPDATE per like (bare), with the DB cache, with the like
batcher, with roost-proxy before three workers, and with nginx (least_conn, proxy_cache) before the same three. Servers
have one core, the database among them; the load has another. Requests come at a set rate, seeded, whatever became of
those before (an open loop), and times count from when a request was due. Likes are compared with the database after
each run. Results are kept in bench/results/scenarios.json."""

import argparse
import contextlib
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests/flow"))
import measure  # noqa: E402
from traffic import costs, databases, load, plan  # noqa: E402
from traffic.stack import Stack, make_seed  # noqa: E402

RESULTS = ROOT / "bench/results/scenarios.json"
BIN = pathlib.Path(os.environ.get("ROOST_BIN", ROOT / "build/release/bin")).resolve()
SECONDS = 8


class Bar:
    """What is under way and how long it will take: a bar on a terminal, a line for each step elsewhere."""

    def __init__(self, total):
        self.total, self.done, self.begun = total, 0, time.monotonic()

    def show(self, what):
        left = (time.monotonic() - self.begun) / self.done * (self.total - self.done) if self.done else 0
        rest = f", {left / 60:.0f} min left" if left else ""
        if sys.stderr.isatty():
            filled = self.done * 30 // self.total
            measure.progress(f"  [{'█' * filled}{'·' * (30 - filled)}] {self.done}/{self.total} {what}{rest}")
        else:
            print(f"  {self.done + 1}/{self.total} {what}{rest}", file=sys.stderr, flush=True)
        self.done += 1


def line_of(found):
    """A run in one line."""
    errors = sum(found["errors"].values())
    hit = found["proxy_hit"] if found["proxy_hit"] is not None else 0
    cpu = " + ".join(f"{name} {value:.0f}" for name, value in found["cpu_us"].items())
    return (f"{found['reached_per_s']:>7,.0f}/s of {found['offered_per_s']:,.0f}  p50 {found['p50_ms']:.1f}  "
            f"p99 {found['p99_ms']:.1f} ms  {found['statements_per_s']:,.0f} statements/s  hits {hit:.0%}/"
            f"{found['db_hit'] or 0:.0%}  stale {found['stale_s']:.1f} s  errors {errors}  µs: {cpu}")


def check_likes(found):
    """Every like that was answered has to be in the database, once."""
    least, most = found["likes"], found["likes"] + found["unclear_likes"]
    found["likes_exact"] = least <= found["likes_counted"] <= most
    return found["likes_exact"]


class Suite:
    def __init__(self, options, directory, stack):
        self.options, self.directory = options, directory
        self.databases, self.seeds = {}, {}
        for name in options.databases:
            self.databases[name] = stack.enter_context(contextlib.closing(databases.KINDS[name](directory)))
            self.seeds[name] = make_seed(BIN, directory, self.databases[name])

    def stack(self, folder, database, step, settings):
        return Stack(BIN, folder, self.databases[database], step, self.seeds[database], settings)

    def run(self, scenario, database, step):
        with tempfile.TemporaryDirectory(prefix="run-", dir=self.directory) as folder:
            os.chmod(folder, 0o755)
            with self.stack(folder, database, step, scenario.settings) as stack:
                found = load.work(stack, scenario, self.options.seconds)
        if not check_likes(found):
            print(f"  likes: {found['likes']} acknowledged, {found['likes_counted']} in the database", flush=True)
        return found

    def try_twice(self, scenario, database, step):
        """The figures of a run; None if it failed twice, so that the others are not lost."""
        for _ in range(2):
            try:
                return self.run(scenario, database, step)
            except (measure.BenchError, OSError, RuntimeError, subprocess.SubprocessError) as error:
                measure.progress("")
                print(f"{scenario.name}, {database}, {step}: {error}", file=sys.stderr, flush=True)
        return None

    def costs(self, database):
        with tempfile.TemporaryDirectory(prefix="run-", dir=self.directory) as folder:
            os.chmod(folder, 0o755)
            return costs.measure_all(lambda step, name: self.stack(made(folder, name), database, step,
                                                                   plan.Settings()), self.options.cost_seconds)


def made(folder, name):
    path = pathlib.Path(folder) / name
    path.mkdir()
    path.chmod(0o755)
    return path


def versions():
    found = {}
    for name, command in {"Roost": [BIN / "roost-proxy", "--version"], "nginx": ["nginx", "-v"],
                          "PostgreSQL": ["psql", "--version"]}.items():
        with contextlib.suppress(OSError):
            done = subprocess.run(list(map(str, command)), capture_output=True, text=True, timeout=10, check=False)
            found[name] = (done.stdout + done.stderr).strip().splitlines()[0]
    return found


def options_from(arguments):
    parser = argparse.ArgumentParser(prog="bench/run scenarios", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    names = [scenario.name for scenario in plan.SCENARIOS]
    parser.add_argument("--only", default="", metavar="A,B", help="of " + ", ".join(names))
    parser.add_argument("--seconds", type=measure.at_least(1), default=SECONDS, metavar="N", help="(%(default)s)")
    parser.add_argument("--load", type=float, default=1.0, metavar="F", help="F times the rates (%(default)s)")
    parser.add_argument("--database", choices=[*databases.KINDS, "both"], default="both")
    parser.add_argument("--steps", default="", metavar="A,B", help="of " + ", ".join(plan.STEPS))
    parser.add_argument("--no-costs", action="store_true", help="leave out what only bench/run model needs")
    parser.add_argument("--from", dest="source", type=pathlib.Path, metavar="FILE", help="results to draw and write")
    parser.add_argument("--results", type=pathlib.Path, default=RESULTS, metavar="FILE", help="where they are kept")
    parser.add_argument("--no-report", action="store_true", help="leave docs/ as they are")
    options = parser.parse_args(arguments)
    chosen = [name for name in options.only.split(",") if name]
    if unknown := [name for name in chosen if name not in names]:
        parser.error(f'no scenario "{unknown[0]}"; there are: {", ".join(names)}')
    options.scenarios = [plan.scaled(s, options.load) for s in plan.SCENARIOS if not chosen or s.name in chosen]
    options.steps = [step for step in options.steps.split(",") if step] or list(plan.STEPS)
    if unknown := [step for step in options.steps if step not in plan.STEPS]:
        parser.error(f'no step "{unknown[0]}"; there are: {", ".join(plan.STEPS)}')
    options.databases = list(databases.KINDS) if options.database == "both" else [options.database]
    options.cost_seconds = min(3, options.seconds)
    return options


def need_programs(steps, options):
    own = ["roost-api", "open_load", *(["roost-proxy"] if "proxy" in steps or not options.no_costs else []),
           *(["bare_worker"] if steps & {"bare", "cache"} or not options.no_costs else [])]
    measure.need(*(BIN / name for name in own))
    measure.need("taskset", *(["nginx"] if "nginx" in steps or not options.no_costs else []))


def measure_all(options, runs):
    """The results, as they are kept."""
    results = {"machine": measure.environment(), "versions": versions(), "seconds": options.seconds,
               "load": options.load, "costs": {}, "runs": {}, "failed": []}
    bar = Bar(len(runs) + (0 if options.no_costs else len(options.databases)))
    with contextlib.ExitStack() as stack:
        directory = stack.enter_context(tempfile.TemporaryDirectory(prefix="roost-bench-"))
        os.chmod(directory, 0o755)
        suite = Suite(options, directory, stack)
        for database in [] if options.no_costs else options.databases:
            bar.show(f"costs, {database}")
            results["costs"][database] = suite.costs(database)
        for scenario, database, step in runs:
            bar.show(f"{scenario.name}, {database}, {step}")
            found = suite.try_twice(scenario, database, step)
            if not found:
                results["failed"].append(f"{scenario.name}, {database}, {step}")
                continue
            results["runs"].setdefault(scenario.name, {}).setdefault(database, {})[step] = found
            measure.progress("")
            print(f"{scenario.name:<13} {database:<8} {step:<7} {line_of(found)}", flush=True)
            save(options, results)
    return results


def save(options, results):
    """With what is there of other scenarios; what is returned is both."""
    old = json.loads(options.results.read_text()) if options.results.exists() else None
    both = merged(old, results)
    options.results.parent.mkdir(exist_ok=True)
    options.results.write_text(json.dumps(both, indent=1) + "\n")
    return both


def merged(old, new):
    """Results of some scenarios in place of the older ones, if both are of this kind of run."""
    if not old or any(old.get(name) != new[name] for name in ("machine", "seconds", "load")):
        return new
    runs = old["runs"] | {name: {**old["runs"].get(name, {}), **found} for name, found in new["runs"].items()}
    return {**new, "costs": old["costs"] | new["costs"], "runs": runs}


def reporter():
    """The module that draws and writes, which needs what measuring does not."""
    try:
        from traffic import report
    except ModuleNotFoundError as error:
        raise measure.BenchError(f"{error.name} is not installed (deploy/install-deps --bench)") from error
    return report


def main(arguments=None):
    options = options_from(arguments)
    os.environ["PATH"] += ":/usr/sbin:/usr/local/sbin"
    runs = [run for run in plan.runs_of(options.scenarios, options.databases) if run[2] in options.steps]
    if not options.source:
        need_programs({step for _, _, step in runs}, options)
    report = None if options.no_report else reporter()  # before anything takes long
    if options.source:
        results = json.loads(options.source.read_text())
    else:
        results = save(options, measure_all(options, runs))
        print(f"written to {os.path.relpath(options.results)}")
    if report:
        for path in report.write_scenarios(results, ROOT / "docs"):
            print(path.relative_to(ROOT))
    exact = all(step.get("likes_exact", True) for databases_ in results["runs"].values()
                for steps in databases_.values() for step in steps.values())
    return 0 if exact and not results.get("failed") else 1


if __name__ == "__main__":
    sys.exit(measure.say_what_is_wrong("bench/run scenarios", main))
