"""The plot of bench/run failover: for each event a strip per proxy, a cell for each quarter of a second, coloured by
what its clients saw. Plain SVG, readable on light and dark pages."""

from html import escape

CELL_S, CELL, ROW, LABELS, GAP = 0.25, 9, 16, 120, 30
FINE, SLOW, SOME, MANY = "#8fbf9f", "#f2c14e", "#f08a5d", "#c92a2a"
SLOW_S = 0.5


def colour(answers):
    """None where nothing was asked."""
    if not answers:
        return None
    bad = sum(not answer.good for answer in answers)
    if bad * 2 > len(answers):
        return MANY
    if bad:
        return SOME
    return SLOW if any(answer.took_s > SLOW_S for answer in answers) else FINE


def strip(answers, before_s, whole_s):
    cells = [[] for _ in range(int((before_s + whole_s) / CELL_S))]
    for answer in answers:
        cell = int((answer.at_s + before_s) / CELL_S)
        if 0 <= cell < len(cells):
            cells[cell].append(answer)
    return [colour(cell) for cell in cells]


def legend(top):
    lines, x = [], LABELS
    for fill, text in (
        (FINE, "all answered"),
        (SLOW, f"some after {SLOW_S:g} s"),
        (SOME, "some failed"),
        (MANY, "most failed"),
    ):
        lines.append(f'<rect x="{x}" y="{top}" width="{CELL}" height="{ROW - 4}" fill="{fill}"/>')
        lines.append(f'<text x="{x + CELL + 6}" y="{top + 11}">{escape(text)}</text>')
        x += 150
    return lines


def svg(events, before_s, event_s, after_s):
    """`events`: {event: {proxy: answers}}."""
    width = LABELS + int((before_s + event_s + after_s) / CELL_S) * CELL
    title = "One backend of three fails"
    lines, top = [f'<text x="0" y="18" font-size="16" font-weight="600">{title}</text>', *legend(32)], 66
    for event, proxies in events.items():
        left, right = (LABELS + s / CELL_S * CELL for s in (before_s, before_s + event_s))
        height = len(proxies) * ROW
        lines.append(f'<text x="0" y="{top + 10}" font-weight="600">{escape(event)}</text>')
        top += 18
        for row, (name, answers) in enumerate(proxies.items()):
            y = top + row * ROW
            weight = ' font-weight="600"' if name.startswith("Roost") else ""
            lines.append(f'<text x="{LABELS - 10}" y="{y + 11}" text-anchor="end"{weight}>{escape(name)}</text>')
            for i, fill in enumerate(strip(answers, before_s, event_s + after_s)):
                if fill:
                    lines.append(
                        f'<rect x="{LABELS + i * CELL}" y="{y}" width="{CELL - 1}" height="{ROW - 3}" '
                        f'fill="{fill}"/>'
                    )
        for x in (left, right):
            lines.append(f'<line x1="{x - 0.5}" x2="{x - 0.5}" y1="{top - 4}" y2="{top + height}" class="mark"/>')
        lines.append(f'<text x="{left}" y="{top + height + 12}" class="dim">fails</text>')
        lines.append(f'<text x="{right}" y="{top + height + 12}" class="dim">well again</text>')
        top += height + GAP
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="-12 -4 {width + 24} {top}" role="img" '
            f'aria-label="{title}" font-family="system-ui, sans-serif" font-size="12">',
            "<style>text{fill:#212529}.dim{fill:#868e96}.mark{stroke:#495057;stroke-width:1.5}"
            "@media(prefers-color-scheme:dark){text{fill:#e9ecef}.dim{fill:#adb5bd}.mark{stroke:#dee2e6}}</style>",
            *lines,
            "</svg>",
            "",
        ]
    )
