"""The plot of bench/run failover: for each event a strip per proxy, a cell for each half of a second, coloured by what
its clients saw. Plain SVG, readable on light and dark pages."""

from html import escape
from itertools import groupby

CELL_S, CELL, ROW, LABELS, GAP, RIGHT = 0.5, 10, 16, 112, 34, 84
SLOW_S = 0.5
TICK_S = 5
LEGEND = (
    ("fine", "all answered"),
    ("others", "by the other two"),
    ("slow", f"some after {SLOW_S:g} s"),
    ("some", "some failed"),
    ("many", "most failed"),
)
STYLE = """
text{fill:#212529}.dim{fill:#6c757d}.mark{stroke:#343a40;stroke-width:1.5}
.fine{fill:#4a9a6c}.others{fill:#b9dcc6}.slow{fill:#f0b429}.some{fill:#ef7d45}.many{fill:#b3202c}
@media(prefers-color-scheme:dark){text{fill:#e9ecef}.dim{fill:#adb5bd}.mark{stroke:#f1f3f5}
.fine{fill:#58ad7e}.others{fill:#2b4f3c}.slow{fill:#f0b429}.some{fill:#f08a5d}.many{fill:#e5484d}}
"""


def kind(answers, victim):
    """The class of a cell; None where nothing was asked."""
    if not answers:
        return None
    bad = sum(not answer.good for answer in answers)
    if bad * 2 > len(answers):
        return "many"
    if bad:
        return "some"
    if any(answer.took_s > SLOW_S for answer in answers):
        return "slow"
    return "fine" if any(answer.backend == victim for answer in answers) else "others"


def strip(answers, victim, before_s, whole_s):
    cells = [[] for _ in range(int((before_s + whole_s) / CELL_S))]
    for answer in answers:
        cell = int((answer.at_s + before_s) / CELL_S)
        if 0 <= cell < len(cells):
            cells[cell].append(answer)
    return [kind(cell, victim) for cell in cells]


def legend(top):
    lines, x = [], LABELS
    for name, text in LEGEND:
        lines.append(f'<rect x="{x}" y="{top}" width="{CELL}" height="{ROW - 4}" class="{name}"/>')
        lines.append(f'<text x="{x + CELL + 6}" y="{top + 11}">{escape(text)}</text>')
        x += 136
    return lines


def row(name, cells, errors, y):
    weight = ' font-weight="600"' if name.startswith("Roost") else ""
    right = LABELS + len(cells) * CELL + 10
    style = ' class="dim"' if errors == 0 else weight
    text = "no errors" if errors == 0 else f"{errors} error{'s' if errors > 1 else ''}"
    lines = [
        f'<text x="{LABELS - 10}" y="{y + 11}" text-anchor="end"{weight}>{escape(name)}</text>',
        f'<text x="{right}" y="{y + 11}"{style}>{text}</text>',
    ]
    x = LABELS
    for class_, alike in groupby(cells):
        width = len(list(alike)) * CELL
        if class_:
            lines.append(f'<rect x="{x}" y="{y}" width="{width - 1}" height="{ROW - 3}" class="{class_}"/>')
        x += width
    return lines


def axis(before_s, whole_s, y):
    """The seconds since the beginning of an event."""
    lines = []
    for second in range(0, int(whole_s) + 1, TICK_S):
        x = LABELS + (before_s + second) / CELL_S * CELL
        lines.append(f'<text x="{x}" y="{y}" class="dim" text-anchor="middle">{second} s</text>')
    return lines


def svg(events, victim, before_s, event_s, after_s):
    """`events`: {event: {proxy: answers}}; `victim` is the name of the backend that fails."""
    width = LABELS + int((before_s + event_s + after_s) / CELL_S) * CELL + RIGHT
    title = "One backend of three fails"
    lines, top = [f'<text x="0" y="18" font-size="16" font-weight="600">{title}</text>', *legend(32)], 70
    left, right = (LABELS + s / CELL_S * CELL - 0.5 for s in (before_s, before_s + event_s))
    for event, proxies in events.items():
        height = len(proxies) * ROW
        lines.append(f'<text x="0" y="{top + 10}" font-weight="600">{escape(event)}</text>')
        lines.append(f'<text x="{left + 4}" y="{top + 10}" class="dim">fails</text>')
        lines.append(f'<text x="{right + 4}" y="{top + 10}" class="dim">well again</text>')
        top += 18
        for number, (name, answers) in enumerate(proxies.items()):
            errors = sum(not answer.good for answer in answers if answer.at_s >= 0)
            lines += row(name, strip(answers, victim, before_s, event_s + after_s), errors, top + number * ROW)
        for x in (left, right):
            lines.append(f'<line x1="{x}" x2="{x}" y1="{top - 16}" y2="{top + height}" class="mark"/>')
        lines += axis(before_s, event_s + after_s, top + height + 12)
        top += height + GAP
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="-12 -4 {width + 24} {top}" role="img" '
            f'aria-label="{title}" font-family="system-ui, sans-serif" font-size="12">',
            f"<style>{STYLE}</style>",
            *lines,
            "</svg>",
            "",
        ]
    )
