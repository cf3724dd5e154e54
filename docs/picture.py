"""Draw docs/idea.svg, the picture at the top of the README: ``python docs/picture.py``."""

from pathlib import Path

WIDTH, HEIGHT = 960, 430
INK, SOFT, PAPER = "#1f2933", "#7b8794", "#ffffff"
FILL = {"params": "#fff3c4", "view": "#e3f2fd", "data": "#e8f5e9", "pe": "#bbdefb"}


def box(x: int, y: int, w: int, h: int, fill: str, title: str, note: str = "") -> str:
    """Return a rounded box with a title and a line below it."""
    middle, lift = x + w // 2, 6 if note else 0
    lines = [
        f'<rect x="{x}" y="{y}" width="{w}" height="{h}" rx="8" fill="{FILL[fill]}" stroke="{INK}"/>',
        text(middle, y + h // 2 + 5 - lift, title, weight="600"),
    ]
    if note:
        lines.append(text(middle, y + h // 2 + 18, note, size=12, ink=SOFT))
    return "\n".join(lines)


def text(x: int, y: int, words: str, *, size: int = 15, weight: str = "400", ink: str = INK) -> str:
    """Return centred words."""
    style = f'font-size="{size}" font-weight="{weight}" fill="{ink}" text-anchor="middle"'
    return f'<text x="{x}" y="{y}" {style}>{words}</text>'


def arrow(*points: tuple[int, int], dashed: bool = False) -> str:
    """Return a line through the points with a head at its end."""
    path = " L".join(f"{x},{y}" for x, y in points)
    dash = ' stroke-dasharray="5 4"' if dashed else ""
    return f'<path d="M{path}" fill="none" stroke="{INK}" stroke-width="1.5" marker-end="url(#head)"{dash}/>'


def views() -> list[str]:
    """Return the parameters, the four views that follow from them, and what tests hold equal."""
    named = (
        ("golden", "bit-true NumPy"),
        ("RTL", "Amaranth to Verilog"),
        ("timing", "exact cycles"),
        ("cost", "real synthesis"),
    )
    parts = [box(380, 20, 200, 52, "params", "parameters", "a frozen, validated value")]
    for i, (title, note) in enumerate(named):
        x = 60 + 220 * i
        parts += [box(x, 124, 180, 56, "view", title, note), arrow((480, 72), (480, 98), (x + 90, 98), (x + 90, 122))]
    parts += [equal(260, "bits"), equal(480, "cycles")]
    return parts


def equal(x: int, words: str) -> str:
    """Return a mark between two views that tests hold equal."""
    return text(x, 153, "=", size=20, weight="600") + text(x, 168, words, size=11, ink=SOFT)


def array(x: int, y: int, n: int = 4, pitch: int = 34) -> list[str]:
    """Return a small array of PEs with operands entering from the left and from above."""
    parts = []
    for r in range(n):
        for c in range(n):
            px, py = x + c * pitch, y + r * pitch
            parts.append(f'<rect x="{px}" y="{py}" width="22" height="22" rx="4" fill="{FILL["pe"]}" stroke="{INK}"/>')
            if c + 1 < n:
                parts.append(arrow((px + 22, py + 11), (px + pitch - 3, py + 11)))
            if r + 1 < n:
                parts.append(arrow((px + 11, py + 22), (px + 11, py + pitch - 3)))
    return parts


def flow() -> list[str]:
    """Return the way of the data: tensors, beats, the verilated array, beats, tensors."""
    return [
        box(40, 284, 130, 64, "data", "tensors", "any size"),
        arrow((170, 316), (228, 316)),
        box(230, 284, 120, 64, "view", "lower", "tiles, padding"),
        arrow((350, 316), (406, 316)),
        *array(414, 254),
        text(476, 408, "the Verilog itself, in Verilator", size=13, ink=SOFT),
        arrow((544, 316), (600, 316)),
        box(602, 284, 120, 64, "view", "lift", "tiles to result"),
        arrow((722, 316), (778, 316)),
        box(780, 284, 140, 64, "data", "tensors", "equal to golden"),
        arrow((370, 180), (370, 222), (478, 222), (478, 250), dashed=True),
        text(378, 306, "beats", size=12, ink=SOFT),
        text(572, 306, "beats", size=12, ink=SOFT),
    ]


def draw() -> str:
    """Return the whole picture as SVG."""
    head = (
        '<defs><marker id="head" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="5" markerHeight="5" orient="auto">'
        f'<path d="M0,0 L8,4 L0,8 z" fill="{INK}"/></marker></defs>'
    )
    title = "<title>One set of parameters, four views of the design, and tensors through the Verilog</title>"
    start = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" '
        'font-family="DejaVu Sans, Helvetica, Arial, sans-serif" role="img">'
    )
    paper = f'<rect width="{WIDTH}" height="{HEIGHT}" rx="12" fill="{PAPER}"/>'
    return "\n".join([start, title, head, paper, *views(), *flow(), "</svg>"]) + "\n"


if __name__ == "__main__":
    Path(__file__).with_name("idea.svg").write_text(draw(), encoding="utf-8")
