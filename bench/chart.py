"""A bar chart of a run: one group per kind of work, CPU microseconds per request, shorter is better. Plain SVG without
dependencies; readable on light and dark pages."""

from html import escape

WIDTH, LABELS, BAR, GAP = 860, 150, 22, 6
COLOURS = {"Roost": "#d9480f", "floor": "#868e96", "byte relay": "#868e96"}
OTHERS = "#74a3d6"


def group(name, bars, top):
    """(SVG lines, height) of one kind of work; bars are (server, microseconds) pairs."""
    most = max(value for _, value in bars)
    lines = [f'<text x="0" y="{top + 16}" font-weight="600">{escape(name)}</text>']
    for i, (server, value) in enumerate(bars):
        y = top + 28 + i * (BAR + GAP)
        length = (WIDTH - LABELS - 90) * value / most
        weight = ' font-weight="600"' if server == "Roost" else ""
        lines += [
            f'<text x="{LABELS - 10}" y="{y + 16}" text-anchor="end"{weight}>{escape(server)}</text>',
            f'<rect x="{LABELS}" y="{y}" width="{length:.1f}" height="{BAR}" rx="3" '
            f'fill="{COLOURS.get(server, OTHERS)}"/>',
            f'<text x="{LABELS + length + 8:.1f}" y="{y + 16}"{weight}>{value:.2f} µs</text>',
        ]
    return lines, 28 + len(bars) * (BAR + GAP) + 22


def svg(title, groups):
    """`groups` is a list of (name, [(server, microseconds), …])."""
    lines, top = [f'<text x="0" y="18" font-size="16" font-weight="600">{escape(title)}</text>'], 44
    for name, bars in groups:
        if bars:
            drawn, height = group(name, bars, top)
            lines += drawn
            top += height
    return "\n".join([
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="-12 -4 {WIDTH + 24} {top}" role="img" '
        f'aria-label="{escape(title)}" font-family="system-ui, sans-serif" font-size="13">',
        "<style>text{fill:#212529}@media(prefers-color-scheme:dark){text{fill:#e9ecef}}</style>",
        *lines, "</svg>", ""])
