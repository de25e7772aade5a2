"""Writes what was measured into docs/: plots under docs/report/, and blocks of docs/report.md."""

from traffic import plan, plots
from traffic.blocks import rewrite
from traffic.plots import DATABASE_NAMES, STEP_NAMES
from traffic.stack import STEPS

COLUMNS = ("", "answered/s", "p50 ms", "p99 ms", "errors", "statements/s", "saved", "proxy hits", "DB cache hits",
           "oldest count", "CPU µs: proxy", "workers", "database")


def line_of(cells):
    return "| " + " | ".join(map(str, cells)) + " |"


def table(columns, rows):
    return "\n".join([line_of(columns), "|--" + "|--:" * (len(columns) - 1) + "|", *map(line_of, rows)])


def percent(value):
    return "–" if value is None else f"{value:.1%}" if 0 < value < 1 else f"{value:.0%}"


def milliseconds(value):
    return f"{value:,.0f}" if value >= 100 else f"{value:.1f}"


def errors(found):
    named = [f"{count:,} {name}" for name, count in found["errors"].items() if count]
    return ", ".join(named) or "0"


def row_of(step, found):
    cpu = found["cpu_us"]
    proxied = "proxy" in cpu
    return [STEP_NAMES[step], f"{found['reached_per_s']:,.0f}", milliseconds(found["p50_ms"]),
            milliseconds(found["p99_ms"]), errors(found), f"{found['statements_per_s']:,.0f}",
            percent(found["saved"]) if (found["saved"] or 0) > 0 else "–",
            percent(found["proxy_hit"]) if proxied else "–", percent(found["db_hit"]) if step != "bare" else "–",
            f"{found['stale_s']:.1f} s" if found["likes"] else "–", f"{cpu.get('proxy', 0):.0f}" if proxied else "–",
            f"{cpu.get('workers', 0):.0f}", f"{cpu.get('database', 0):.0f}" if cpu.get("database") else "–"]


def scenario_block(scenario, by_database, seconds):
    lines = [f"![{scenario.title}: the steps compared](report/{scenario.name}.svg)", ""]
    for database, runs in by_database.items():
        steps = [step for step in STEPS if step in runs]
        offered = max(runs[step]["offered_per_s"] for step in steps)
        lines += [f"{DATABASE_NAMES[database]}, {offered:,.0f} requests/s offered on average for {seconds} s:", "",
                  table(COLUMNS, [row_of(step, runs[step]) for step in steps]), ""]
    lines += [f"`bench/run scenarios --only {scenario.name}`", ""]
    return "\n".join(lines)


def machine_block(results):
    versions = ", ".join(results["versions"].values())
    return f"{results['machine']}; {versions}. Runs of {results['seconds']} s. `bench/run scenarios`\n"


def summary_block(results):
    """Of each scenario on PostgreSQL, or on what it was run on: answered of offered, and p99, by step."""
    rows = []
    for scenario in plan.SCENARIOS:
        by_database = results["runs"].get(scenario.name)
        if not by_database:
            continue
        runs = by_database.get("postgres") or next(iter(by_database.values()))
        cells = []
        for step in STEPS:
            found = runs.get(step)
            cells.append("–" if not found else f"{found['reached_per_s'] / found['offered_per_s']:.0%}, "
                                               f"{milliseconds(found['p99_ms'])} ms")
        offered = max(found["offered_per_s"] for found in runs.values())
        rows.append([scenario.title, f"{offered:,.0f}", *cells])
    return table(("answered in time, p99", "offered/s", *(STEP_NAMES[step] for step in STEPS)), rows) + "\n"


def costs_block(results):
    rows = []
    for database, groups in results["costs"].items():
        for step, costs in groups.items():
            for name, cost in costs.items():
                if name == "bytes" or name.startswith("limit"):
                    continue
                cpu = cost["cpu_us"]
                rows.append([f"{DATABASE_NAMES[database]}, {STEP_NAMES[step]}: {name}",
                             *(f"{cpu[part]:.0f}" if cpu.get(part) else "–" for part in plots.PART_COLOURS),
                             f"{cost['statements']:.2f}"])
    return table(("µs of CPU for each", *plots.PART_COLOURS, "statements"), rows) + "\n"


def scenarios_of(results):
    return [(scenario, results["runs"][scenario.name]) for scenario in plan.SCENARIOS
            if scenario.name in results["runs"]]


def write_scenarios(results, docs):
    """Plots and blocks of the scenarios; the paths written."""
    folder = docs / "report"
    folder.mkdir(parents=True, exist_ok=True)
    written, seconds = [], results["seconds"]
    blocks = {"machine": machine_block(results), "summary": summary_block(results)}
    for scenario, by_database in scenarios_of(results):
        path = folder / f"{scenario.name}.svg"
        if scenario.plot == "bars":
            path.write_text(plots.bars(scenario.title, by_database))
        else:
            path.write_text(plots.times(scenario.title, by_database, seconds, scenario.event))
        written.append(path)
        blocks[scenario.name] = scenario_block(scenario, by_database, seconds)
    if results["costs"]:
        blocks["costs"] = costs_block(results)
    return [*written, rewrite(docs / "report.md", blocks)]
