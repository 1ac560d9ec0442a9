"""Bars, ranges and lines as SVG, with a background of their own so that they are readable on light and dark pages."""

import math
from html import escape

FONT = "font: 12px system-ui, -apple-system, 'Segoe UI', sans-serif"

STYLE = """
.card { fill: #ffffff; stroke: #d0d7de } text { fill: #1f2328; FONT }
.title { font-size: 15px; font-weight: 600 } .sub, .tick { fill: #59636e } .tick { font-size: 11px }
.grid { stroke: #d8dee4; stroke-width: 1 } .label-ours { font-weight: 600 }
.ours { --c: #0969da } .floor { --c: #6e7781 } .other { --c: #b6bec8 }
.p0 { --c: #9a6700 } .p1 { --c: #8250df } .p2 { --c: #1a7f37 } .p3 { --c: #bc4c00 } .p4 { --c: #bf3989 }
.bar, .dot { fill: var(--c) } .line, .range { stroke: var(--c); fill: none } .name { fill: var(--c) }
@media (prefers-color-scheme: dark) {
.card { fill: #151b23; stroke: #3d444d } text { fill: #f0f6fc } .sub, .tick { fill: #9198a1 } .grid { stroke: #2f3742 }
.ours { --c: #58a6ff } .floor { --c: #9198a1 } .other { --c: #4f5967 }
.p0 { --c: #d29922 } .p1 { --c: #ab7df8 } .p2 { --c: #3fb950 } .p3 { --c: #f0883e } .p4 { --c: #f778ba }
.name { fill: var(--c) }
}
""".replace("FONT", FONT)


def document(width, height, title, subtitle, body):
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" '
        f'role="img" aria-label="{escape(title)}">\n<style>{STYLE}</style>\n'
        f'<rect class="card" x="0.5" y="0.5" width="{width - 1}" height="{height - 1}" rx="8"/>\n'
        + text(20, 28, title, "title") + text(20, 47, subtitle, "sub") + "".join(body) + "</svg>\n"
    )


def text(x, y, content, style="", anchor="start"):
    return f'<text x="{x:.1f}" y="{y:.1f}" class="{style}" text-anchor="{anchor}">{escape(content)}</text>\n'


def short(value):
    """A readable number: 1,234 or 12.3k."""
    if value >= 1_000_000:
        return f"{value / 1_000_000:.3g}M"
    if value >= 10_000:
        return f"{value / 1000:.3g}k"
    if value >= 100:
        return f"{value:,.0f}"
    return f"{value:.3g}"


def label(x, y, name, kind, anchor="end"):
    return text(x, y, name, "label-ours" if kind == "ours" else "", anchor)


def bars(x, y, width, caption, rows):
    """Horizontal bars from zero: (name, kind, value). Returns the body and its height."""
    body = [text(x, y, caption, "sub")]
    left, most = x + 96, max(value for _, _, value in rows)
    room = width - 96 - 52
    for place, (name, kind, value) in enumerate(rows):
        top = y + 12 + place * 22
        length = max(1.5, room * value / most)
        body.append(label(left - 8, top + 12, name, kind))
        body.append(f'<rect class="bar {kind}" x="{left}" y="{top}" width="{length:.1f}" height="16" rx="2"/>\n')
        body.append(text(left + length + 6, top + 12, short(value), "label-ours" if kind == "ours" else ""))
    return "".join(body), 12 + 22 * len(rows)


def ranges(x, y, width, caption, rows):
    """From p50 to p99, on a logarithmic scale: (name, kind, p50, p99)."""
    body = [text(x, y, caption, "sub")]
    left, room = x + 96, width - 96 - 30
    low = 10 ** math.floor(math.log10(min(row[2] for row in rows)))
    high = 10 ** math.ceil(math.log10(max(row[3] for row in rows)))
    place_of = lambda value: left + room * math.log(value / low) / math.log(high / low)
    bottom = y + 12 + 22 * len(rows)
    tick = low
    while tick <= high * 1.001:
        at = place_of(tick)
        body.append(f'<line class="grid" x1="{at:.1f}" y1="{y + 10}" x2="{at:.1f}" y2="{bottom}"/>\n')
        body.append(text(at, bottom + 14, f"{tick:g} ms", "tick", "middle"))
        tick *= 10
    for place, (name, kind, p50, p99) in enumerate(rows):
        middle = y + 23 + place * 22
        body.append(label(left - 8, middle + 4, name, kind))
        body.append(f'<line class="range {kind}" stroke-width="4" x1="{place_of(p50):.1f}" y1="{middle}" '
                    f'x2="{place_of(p99):.1f}" y2="{middle}"/>\n')
        for value in (p50, p99):
            body.append(f'<circle class="dot {kind}" cx="{place_of(value):.1f}" cy="{middle}" r="5"/>\n')
    return "".join(body), 12 + 22 * len(rows) + 20


def lines(x, y, width, height, marks, series):
    """Over a few marks, on a logarithmic scale: (name, kind, values), with the names at the ends."""
    body = []
    values = [value for _, _, found in series for value in found if value]
    low, high = min(values) * 0.7, max(values) * 1.15
    left, right, bottom = x + 52, x + width - 104, y + height
    place_x = lambda mark: left + 14 + (right - left - 28) * mark / (len(marks) - 1)
    place_y = lambda value: bottom - height * math.log(value / low) / math.log(high / low)
    steps = [step * 10**power for power in range(10) for step in (1, 2, 5)]
    for value in (step for step in steps if low <= step <= high):
        at = place_y(value)
        body.append(f'<line class="grid" x1="{left}" y1="{at:.1f}" x2="{right}" y2="{at:.1f}"/>\n')
        body.append(text(left - 8, at + 4, short(value), "tick", "end"))
    for place, mark in enumerate(marks):
        body.append(text(place_x(place), bottom + 18, mark, "tick", "middle"))
    ends = []
    for name, kind, found in series:
        points = [(place_x(place), place_y(value)) for place, value in enumerate(found) if value]
        path = " ".join(f"{px:.1f},{py:.1f}" for px, py in points)
        dash = ' stroke-dasharray="6 4"' if kind == "floor" else ""
        body.append(f'<polyline class="line {kind}" stroke-width="{3 if kind == "ours" else 1.8}"{dash} '
                    f'points="{path}"/>\n')
        body += [f'<circle class="dot {kind}" cx="{px:.1f}" cy="{py:.1f}" r="3.5"/>\n' for px, py in points]
        ends.append([points[-1][1], name, kind])
    # Names that would overlap are moved apart.
    last = -math.inf
    for end in sorted(ends):
        at = max(end[0], last + 15)
        body.append(text(right + 4, at + 4, end[1], f"name {end[2]}" + (" label-ours" if end[2] == "ours" else "")))
        last = at
    return "".join(body)
