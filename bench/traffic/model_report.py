"""The blocks of docs/report.md that are the model's, and its plots."""

from dataclasses import replace

from traffic import growth, plots
from traffic.blocks import rewrite
from traffic.report import table

FIGURES = ("requests/s", "statements/s", "proxy hits", "CPU µs")


def comparison(tables_, rows, goal, why):
    lines = []
    for (scenario, database, step), cells in tables_.items():
        lines.append([f"{scenario.name}, {plots.DATABASE_NAMES[database]}, {plots.STEP_NAMES[step]}",
                      *(cells.get(name, "–") for name in FIGURES)])
    met = sum(row[-1] <= goal for row in rows)
    missed = sorted({row[0].name for row in rows if row[-1] > goal})
    text = [f"Predicted / measured; what misses by more than {goal:.0%} is bold. {met} of {len(rows)} figures are "
            f"within {goal:.0%}.", "", table(("run", *FIGURES), lines), ""]
    reasons = [f"- {name}: {why[name]}." for name in missed if name in why]
    return "\n".join([*text, *reasons, *([""] if reasons else []), "`bench/run model`", ""])


def counts(found):
    return [f"{found.machines[part]:,}" for part in plots.GROWTH_COLOURS]


def needs_table(needs):
    rows = [[f"{load.users:,.0f}", f"{n.reads_per_s:,.0f}", f"{n.likes_per_s:,.0f}", f"{n.proxy_hit:.1%}",
             f"{n.statements_per_s:,.0f}", f"{n.gbit:,.2f}", f"{n.tb_per_year:,.2f}", *counts(n), n.first]
            for load, n in needs]
    return table(("users", "reads/s", "likes/s", "proxy hits", "statements/s", "Gbit/s", "TB/year",
                  *plots.GROWTH_COLOURS, "most CPU"), rows)


def takes_over(needs):
    """At which of the numbers of users something new is needed."""
    lines, said = [], set()
    for load, found in needs:
        new = [text for text in found.changes if text not in said]
        said.update(new)
        lines += [f"- {load.users:,.0f} users: {text}." for text in new]
    return "\n".join(lines)


def alternatives(load, costs):
    """What changes the need of the largest workload."""
    cases = {"as above": load, "a key always at the same proxy": replace(load, hashed=True),
             "lifetimes of 10 minutes": replace(load, lifetime_s=600),
             "both": replace(load, hashed=True, lifetime_s=600)}
    rows = []
    for name, case in cases.items():
        found = growth.need(case, costs)
        rows.append([name, f"{found.proxy_hit:.1%}", f"{found.statements_per_s:,.0f}", *counts(found)])
    return table((f"{load.users:,.0f} users", "proxy hits", "statements/s", *plots.GROWTH_COLOURS), rows)


def assumptions(load):
    return (f"{load.reads_per_user:g} reads, {load.likes_per_user:g} likes and {load.posts_per_user:g} posts a user "
            f"and day; a peak of {load.peak:g} times the mean; {load.objects_per_user:g} tweets read a user and day, "
            f"Zipf {load.exponent:g}; {load.bytes_per_read:,.0f} bytes an answer, {load.bytes_per_post:,.0f} a post on "
            f"disk; lifetime {load.lifetime_s:g} s. Machines of {load.cores} cores, {load.gbit:g} Gbit/s and "
            f"{load.disk_tb:g} TB, each at most 60% used. Reads and writes are the database's: replicas, and the "
            "primary or its shards.")


def write(results, rows, tables_, needs, costs, docs, goal, why):
    """Plots and blocks; the paths written."""
    folder = docs / "report"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "model.svg").write_text(plots.agreement("Predicted and measured", [
        (name, said, found) for _, _, _, name, said, found, _ in rows if name != "proxy hits"]))
    (folder / "growth.svg").write_text(plots.growth("Machines by the number of users", [
        (load.users, n.machines) for load, n in needs]))
    blocks = {
        "model": f"![Predicted beside measured](report/model.svg)\n\n{comparison(tables_, rows, goal, why)}",
        "growth": "\n".join(["![Machines by the number of users](report/growth.svg)", "",
                             assumptions(needs[0][0]), "", needs_table(needs[::2]), "", takes_over(needs[::2]), "",
                             alternatives(needs[-1][0], costs), "", "`bench/run model`", ""]),
    }
    return [folder / "model.svg", folder / "growth.svg", rewrite(docs / "report.md", blocks)]
