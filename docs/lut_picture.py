"""Draw docs/lut.svg, the way of the data through a LUT tile: ``python docs/lut_picture.py``."""

from pathlib import Path

from rtloom.docs.picture import FILL, INK, PAPER, SOFT, arrow, box, text

WIDTH, HEIGHT = 960, 500
MINUS = "\N{MINUS SIGN}"
ENTRIES = ("- a₀ - a₁ - a₂ - a₃", "+ a₀ - a₁ - a₂ - a₃", "- a₀ + a₁ - a₂ - a₃", "…", "+ a₀ + a₁ + a₂ - a₃")
SEGMENTS = (440, 610, 820)
TABLE_Y, ROW = 66, 26


def cell(x: int, y: int, w: int, words: str) -> str:
    """Return one row of the table."""
    frame = f'<rect x="{x}" y="{y}" width="{w}" height="{ROW}" fill="{PAPER}" stroke="{SOFT}"/>'
    return frame + text(x + w // 2, y + 18, words, size=13)


def table() -> list[str]:
    """Return four activations, the sums of them that the table holds, and what shifts them from pass to pass."""
    rows = [cell(210, TABLE_Y + ROW * i, 160, words.replace("-", MINUS)) for i, words in enumerate(ENTRIES)]
    return [
        box(30, 96, 120, 64, "data", "a₀ a₁ a₂ a₃", "of a row of A"),
        arrow((150, 128), (206, 128)),
        text(178, 118, "add", size=12, ink=SOFT),
        text(290, 40, "table: half of the 16 signed sums", weight="600"),
        text(290, 57, "the other half is their negative", size=12, ink=SOFT),
        *rows,
        text(290, 214, "made once for all columns,", size=12, ink=SOFT),
        text(290, 230, "doubled after each pass", size=12, ink=SOFT),
        arrow((370, 128), (SEGMENTS[0] - 4, 128)),
    ]


def planes() -> list[str]:
    """Return a group of weights, its bit planes, and one plane as the index of a lookup."""
    return [
        box(30, 268, 120, 64, "data", "w₀ w₁ w₂ w₃", "of a row of W"),
        arrow((150, 300), (206, 300)),
        box(210, 248, 160, 40, "params", "plane 0: 4 digits"),
        box(210, 304, 160, 40, "params", "plane 1: 4 digits"),
        text(290, 366, f"digits {MINUS}1, +1: 2w = Σ 2ᵖ dₚ + rest", size=12, ink=SOFT),
        text(290, 383, "packed and remapped offline", size=12, ink=SOFT),
        arrow((370, 268), (390, 268), (390, 300), (SEGMENTS[0] - 4, 300)),
        f'<path d="M370,324 L390,324 L390,300" fill="none" stroke="{INK}" stroke-width="1.5"/>',
        text(412, 316, "a plane", size=11, ink=SOFT),
        text(412, 329, "a pass", size=11, ink=SOFT),
    ]


def segment(x: int, number: str) -> list[str]:
    """Return a segment of columns: the parts of one of them."""
    parts = [
        f'<rect x="{x}" y="66" width="120" height="296" rx="8" fill="{FILL["pe"]}" stroke="{INK}"/>',
        text(x + 60, 56, f"segment {number}", size=13, weight="600"),
        text(x + 60, 356, "8 columns", size=11, ink=SOFT),
    ]
    steps = (
        ("select", "3 digits: one of 8", 84),
        ("negate", "the highest digit", 152),
        ("accumulate", "one a row of A", 288),
    )
    parts += [_part(x + 10, y, title, note) for title, note, y in steps]
    parts += [_part(x + 10, 220, "add", "the k tables")]
    parts += [arrow((x + 60, y), (x + 60, y + 18)) for y in (132, 200, 268)]
    return parts


def _part(x: int, y: int, title: str, note: str) -> str:
    """Return a part of a column."""
    frame = f'<rect x="{x}" y="{y}" width="100" height="46" rx="6" fill="{PAPER}" stroke="{INK}"/>'
    return frame + text(x + 50, y + 20, title, size=13, weight="600") + text(x + 50, y + 36, note, size=10, ink=SOFT)


def columns() -> list[str]:
    """Return the segments with the registers between them."""
    parts = [piece for x, number in zip(SEGMENTS, ("0", "1", "s"), strict=True) for piece in segment(x, number)]
    for left, right in ((SEGMENTS[0] + 120, SEGMENTS[1]), (SEGMENTS[1] + 120, SEGMENTS[2])):
        middle = (left + right) // 2
        bar = f'<rect x="{middle - 4}" y="108" width="8" height="40" fill="{FILL["params"]}" stroke="{INK}"/>'
        parts += [arrow((left, 128), (middle - 6, 128)), bar, arrow((middle + 4, 128), (right - 4, 128))]
        parts.append(text(middle, 166, "a pass", size=11, ink=SOFT))
        parts.append(text(middle, 179, "later", size=11, ink=SOFT))
    parts.append(text((SEGMENTS[1] + 120 + SEGMENTS[2]) // 2, 250, "…", size=22, ink=SOFT))
    return parts


def results() -> list[str]:
    """Return what takes the finished segments one after the other."""
    drops = [arrow((x + 60, 362), (x + 60, 410)) for x in SEGMENTS]
    return [
        *drops,
        text(SEGMENTS[0] + 96, 392, "in turn", size=11, ink=SOFT),
        f'<path d="M{SEGMENTS[0]},414 L{SEGMENTS[2] + 120},414" stroke="{INK}" stroke-width="3"/>',
        arrow((SEGMENTS[0], 414), (396, 414), (396, 446), (374, 446)),
        box(140, 414, 230, 64, "view", "results", "+ rest · Σa, scales, bias, requantise"),
        arrow((140, 446), (114, 446)),
        box(30, 414, 80, 64, "data", "O", "M x N"),
    ]


def draw() -> str:
    """Return the whole picture as SVG."""
    head = (
        '<defs><marker id="head" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="5" markerHeight="5" orient="auto">'
        f'<path d="M0,0 L8,4 L0,8 z" fill="{INK}"/></marker></defs>'
    )
    title = (
        "<title>Activations become a table of sums; bit planes of weights select from it, segment by segment</title>"
    )
    start = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" '
        'font-family="DejaVu Sans, Helvetica, Arial, sans-serif" role="img">'
    )
    paper = f'<rect width="{WIDTH}" height="{HEIGHT}" rx="12" fill="{PAPER}"/>'
    parts = [*table(), *planes(), *columns(), *results()]
    return "\n".join([start, title, head, paper, *parts, "</svg>"]) + "\n"


if __name__ == "__main__":
    Path(__file__).with_name("lut.svg").write_text(draw(), encoding="utf-8")
