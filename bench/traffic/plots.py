"""The plots of the report, by matplotlib: one style, readable on light and dark pages, the same bytes for the same
results."""

import io
import math
import re
import sys

try:
    import matplotlib
except ModuleNotFoundError:  # another Python comes before Debian's in PATH
    sys.path.append("/usr/lib/python3/dist-packages")
    import matplotlib

matplotlib.use("svg")
from matplotlib import pyplot  # noqa: E402
from matplotlib.ticker import FuncFormatter, MaxNLocator  # noqa: E402

from traffic.figures import SLOT_S  # noqa: E402
from traffic.stack import STEPS  # noqa: E402

INK = "#010203"  # becomes the page's own colour of text
STEP_COLOURS = {"bare": "#868e96", "cache": "#3b8fd6", "batcher": "#2f9e6e", "proxy": "#e8590c", "nginx": "#8a63d2"}
STEP_NAMES = {"bare": "bare worker", "cache": "+ DB cache", "batcher": "+ like batcher", "proxy": "+ roost-proxy",
              "nginx": "nginx instead"}
PART_COLOURS = {"proxy": "#e8590c", "workers": "#3b8fd6", "database": "#2f9e6e"}
GROWTH_COLOURS = {"proxy": "#e8590c", "workers": "#3b8fd6", "reads": "#2f9e6e", "writes": "#8a63d2"}
DATABASE_NAMES = {"sqlite": "SQLite", "postgres": "PostgreSQL"}
STYLE = {
    "svg.fonttype": "none", "svg.hashsalt": "roost", "font.size": 9, "font.family": "DejaVu Sans",
    "text.color": INK, "axes.labelcolor": INK, "axes.edgecolor": INK, "xtick.color": INK, "ytick.color": INK,
    "axes.facecolor": "none", "figure.facecolor": "none", "savefig.facecolor": "none", "axes.grid": False,
    "axes.spines.top": False, "axes.spines.right": False, "axes.titlesize": 9, "axes.titlelocation": "left",
    "axes.linewidth": 0.8, "legend.frameon": False, "axes.axisbelow": True,
}
CSS = "<style>svg{color:#212529}@media(prefers-color-scheme:dark){svg{color:#e9ecef}}</style>"


def text_of(figure, title):
    """The SVG of a figure: no date, no fixed colour of text, its size that of the page's column."""
    made = io.StringIO()
    figure.savefig(made, format="svg", metadata={"Date": None, "Title": title}, bbox_inches="tight", pad_inches=0.08)
    pyplot.close(figure)
    text = re.sub(r"<!DOCTYPE[^>]*>\n?", "", made.getvalue())
    text = re.sub(r"(<svg [^>]*>)", rf'\1\n {CSS}', text, count=1)
    text = text.replace("'DejaVu Sans', sans-serif", "system-ui, 'DejaVu Sans', sans-serif")
    text = text.replace("'DejaVu Sans'", "system-ui, 'DejaVu Sans', sans-serif", 0 if "system-ui" in text else -1)
    return "\n".join(line.rstrip() for line in text.replace(INK, "currentColor").splitlines()) + "\n"


def short(value, _position=None):
    """12,345 as 12k."""
    for limit, unit in ((1e9, "B"), (1e6, "M"), (1e3, "k")):
        if abs(value) >= limit:
            return f"{value / limit:g}{unit}"
    return f"{value:g}"


def number(value):
    return f"{value:,.0f}" if value >= 10 else f"{value:.1f}"


def bar_panel(axes, title, names, values, colours, log=False):
    places = range(len(names))
    axes.barh(places, values, color=colours, height=0.66)
    axes.set_title(title)
    axes.set_yticks(places)
    axes.invert_yaxis()
    axes.tick_params(length=0)
    axes.xaxis.set_visible(False)
    axes.spines["bottom"].set_visible(False)
    if log:
        axes.set_xscale("log")
        axes.set_xlim(min(v for v in values if v > 0) / 2 if any(values) else 1)
    for place, value in zip(places, values):
        axes.annotate(number(value), (max(value, 1e-9), place), xytext=(4, 0), textcoords="offset points", va="center",
                      annotation_clip=False)


def stacked_panel(axes, title, steps, runs):
    for place, step in enumerate(steps):
        left = 0.0
        for part, colour in PART_COLOURS.items():
            value = runs[step]["cpu_us"].get(part, 0.0)
            axes.barh(place, value, left=left, color=colour, height=0.66)
            left += value
        axes.annotate(number(left), (left, place), xytext=(4, 0), textcoords="offset points", va="center",
                      annotation_clip=False)
    axes.set_title(title)
    axes.set_yticks(range(len(steps)))
    axes.invert_yaxis()
    axes.tick_params(length=0)
    axes.xaxis.set_visible(False)
    axes.spines["bottom"].set_visible(False)


def bars(title, by_database):
    """A row of panels for each database: answered, p99, statements, CPU by part."""
    count = len(by_database)
    most = max(len(runs) for runs in by_database.values())
    with pyplot.rc_context(STYLE):
        figure, grid = pyplot.subplots(count, 4, figsize=(10.4, count * (0.62 + 0.27 * most)), squeeze=False)
        figure.subplots_adjust(wspace=0.42, hspace=0.42)
        for row, (database, runs) in zip(grid, by_database.items()):
            steps = [step for step in STEPS if step in runs]
            names, colours = [STEP_NAMES[s] for s in steps], [STEP_COLOURS[s] for s in steps]
            offered = max(runs[s]["offered_per_s"] for s in steps)
            answered = [runs[s]["reached_per_s"] for s in steps]
            bar_panel(row[0], f"answered/s of {offered:,.0f}", names, answered, colours)
            bar_panel(row[1], "p99, ms (log)", names, [runs[s]["p99_ms"] for s in steps], colours, log=True)
            bar_panel(row[2], "statements/s", names, [runs[s]["statements_per_s"] for s in steps], colours)
            stacked_panel(row[3], "CPU per request, µs", steps, runs)
            row[0].set_yticklabels(names)
            for axes in row[1:]:
                axes.set_yticklabels([])
            row[0].annotate(DATABASE_NAMES[database], (0, 1), xytext=(-92, 9), textcoords="offset points",
                            xycoords="axes fraction", weight="bold")
        handles = [pyplot.Rectangle((0, 0), 1, 1, color=colour) for colour in PART_COLOURS.values()]
        grid[-1][3].legend(handles, PART_COLOURS, loc="upper left", bbox_to_anchor=(-0.05, 0.02), ncols=3,
                           handlelength=0.9, columnspacing=0.8, fontsize=8)
        return text_of(figure, title)


def line_panel(axes, runs, name, seconds, event, log=False):
    for step in STEPS:
        if step not in runs:
            continue
        values = runs[step]["series"][name]
        times = [(slot + 0.5) * SLOT_S for slot in range(len(values))]
        shown = [math.nan if v is None else max(v, 0.05) for v in values] if log else values
        axes.plot(times, shown, color=STEP_COLOURS[step], linewidth=2.0 if step == "proxy" else 1.4,
                  label=STEP_NAMES[step], zorder=3 if step == "proxy" else 2)
    if event:
        axes.axvspan(event.at * seconds, event.until * seconds, color=INK, alpha=0.08, linewidth=0)
    if log:
        axes.set_yscale("log")
    else:
        axes.set_ylim(bottom=0)
    axes.yaxis.set_major_formatter(FuncFormatter(short))
    axes.xaxis.set_major_locator(MaxNLocator(integer=True, nbins=8))
    axes.set_xlim(0, seconds)
    axes.grid(axis="y", color=INK, alpha=0.12, linewidth=0.6)


def times(title, by_database, seconds, event):
    """A column for each database: answers a second above, their p99 below, by when requests were due."""
    count = len(by_database)
    with pyplot.rc_context(STYLE):
        figure, grid = pyplot.subplots(2, count, figsize=(10.4 if count > 1 else 7.2, 4.4), squeeze=False, sharex=True)
        figure.subplots_adjust(wspace=0.16, hspace=0.26)
        for column, (database, runs) in enumerate(by_database.items()):
            above, below = grid[0][column], grid[1][column]
            line_panel(above, runs, "good_per_s", seconds, event)
            line_panel(below, runs, "p99_ms", seconds, event, log=True)
            above.set_title(f"{DATABASE_NAMES[database]}: answered/s", weight="bold")
            below.set_title("p99, ms (log)")
            below.set_xlabel("seconds")
        handles, labels = grid[0][0].get_legend_handles_labels()
        figure.legend(handles, labels, loc="upper center", bbox_to_anchor=(0.5, 1.02), ncols=len(labels),
                      handlelength=1.4)
        return text_of(figure, title)


def growth(title, rows):
    """Machines of each part by the number of users; `rows` are (users, {part: machines})."""
    with pyplot.rc_context(STYLE):
        figure, axes = pyplot.subplots(figsize=(7.2, 3.4))
        users = [row[0] for row in rows]
        for part, colour in GROWTH_COLOURS.items():
            axes.plot(users, [row[1][part] for row in rows], color=colour, linewidth=2, label=part, marker="o",
                      markersize=4)
        axes.set_xscale("log")
        axes.set_yscale("log")
        for axis in (axes.xaxis, axes.yaxis):
            axis.set_major_formatter(FuncFormatter(short))
        axes.set_xlabel("users")
        axes.set_title("machines of 16 cores, at most 60% busy")
        axes.grid(color=INK, alpha=0.12, linewidth=0.6)
        axes.legend()
        return text_of(figure, title)


def agreement(title, points):
    """Predicted against measured; `points` are (figure, predicted, measured)."""
    colours = dict(zip(sorted({name for name, _, _ in points}), PART_COLOURS.values()))
    with pyplot.rc_context(STYLE):
        figure, axes = pyplot.subplots(figsize=(5.2, 5.0))
        for name, colour in colours.items():
            chosen = [(m, p) for n, p, m in points if n == name and m > 0 and p > 0]
            axes.scatter([m for m, _ in chosen], [p for _, p in chosen], s=16, color=colour, label=name, alpha=0.85)
        low = min(min(p, m) for _, p, m in points if p > 0 and m > 0) / 1.5
        high = max(max(p, m) for _, p, m in points) * 1.5
        axes.plot([low, high], [low, high], color=INK, linewidth=0.8)
        axes.fill_between([low, high], [low * 0.85, high * 0.85], [low * 1.15, high * 1.15], color=INK, alpha=0.1,
                          linewidth=0)
        for set_scale, set_limit in ((axes.set_xscale, axes.set_xlim), (axes.set_yscale, axes.set_ylim)):
            set_scale("log")
            set_limit(low, high)
        for axis in (axes.xaxis, axes.yaxis):
            axis.set_major_formatter(FuncFormatter(short))
        axes.set_xlabel("measured")
        axes.set_ylabel("predicted")
        axes.set_title("within the band: 15%")
        axes.legend()
        return text_of(figure, title)
