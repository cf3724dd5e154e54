"""What lies in the scratchpad over time, as letters or as SVG: places from top to bottom, steps from left to right."""

from collections.abc import Iterator
from xml.sax.saxutils import escape

from .placement import Moves
from .scheduler import Schedule

__all__ = ["svg_picture", "text_picture"]

LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
FREE, WEIGHTS, GIVEN = ".", "#", "+"
WIDTH, ROW, LEFT, TOP, BOTTOM = 1200, 10, 60, 40, 130
MOST_ROWS = 32


def text_picture(schedule: Schedule, columns: int = 96) -> str:
    """Return letters, each a place at a step: results by turns a to Z, ``#`` weights, ``+`` given, ``.`` free.

    Steps and places are thinned to what fits: one of several is shown.

    Parameters
    ----------
    schedule
        What to show.
    columns
        Most steps that are shown.
    """
    moves, capacity = schedule.moves, schedule.requests.capacity
    times = _some(len(moves), columns)
    places = _some(capacity, MOST_ROWS)
    lines = []
    contents = [_contents(schedule, moves[time]) for time in times]
    for slot in places:
        row = "".join(_letter(schedule, content.get(slot)) for content in contents)
        lines.append(f"{slot * schedule.page / 1024:8.1f} KiB {row}")
    caption = f"{'':13}{len(moves)} steps of {len(schedule.order)} layers"
    return "\n".join([*lines, caption + ("" if len(times) == len(moves) else f", {len(times)} of them shown")])


def svg_picture(schedule: Schedule) -> str:
    """Return an SVG image: a bar for as long as a place holds pages of one tensor, its name as a tooltip."""
    capacity, steps = schedule.requests.capacity, max(1, len(schedule.moves))
    row = max(2.0, ROW * 32 / capacity)
    scale, height = (WIDTH - LEFT - 10) / steps, TOP + row * capacity + BOTTOM
    title = (
        f"{schedule.graph.name}, {schedule.buffer_bytes / 1024:g} KiB, {schedule.method}: "
        f"{schedule.extra_bytes.value / 1e6:.2f} MB beyond {schedule.compulsory_bytes.value / 1e6:.2f} MB compulsory"
    )
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height:.0f}" font-family="sans-serif">',
        f'<rect width="{WIDTH}" height="{height:.0f}" fill="white"/>',
        f'<text x="{LEFT}" y="22" font-size="15">{escape(title)}</text>',
    ]
    for slot, begin, end, tensor in _bars(schedule):
        x, y = LEFT + begin * scale, TOP + slot * row
        parts.append(
            f'<rect x="{x:.2f}" y="{y:.2f}" width="{(end - begin) * scale:.2f}" height="{row:.2f}" '
            f'fill="{_colour(schedule, tensor)}"><title>{escape(schedule.graph.tensors[tensor].name)}</title></rect>'
        )
    parts += [*_layer_marks(schedule, scale, TOP + row * capacity), *_size_marks(schedule, row), "</svg>"]
    return "\n".join(parts) + "\n"


def _some(count: int, most: int) -> list[int]:
    """Return at most `most` numbers below `count`, evenly spread."""
    return list(range(count)) if count <= most else [at * count // most for at in range(most)]


def _contents(schedule: Schedule, move: Moves) -> dict[int, int]:
    """Return the tensor in every place that is taken; -1 for the window of weights."""
    tensor_of = schedule.requests.paged.tensor_of
    return {slot: tensor_of[page] for page, slot in move.places.items()} | dict.fromkeys(move.window, -1)


def _letter(schedule: Schedule, tensor: int | None) -> str:
    """Return the letter of a tensor."""
    if tensor is None:
        return FREE
    kind = "weights" if tensor < 0 else schedule.graph.tensors[tensor].kind
    if kind == "made":
        return LETTERS[tensor % len(LETTERS)]
    return WEIGHTS if kind == "weights" else GIVEN


def _colour(schedule: Schedule, tensor: int) -> str:
    """Return grey for weights, blue for what is given, and a hue of its own for each result."""
    kind = schedule.graph.tensors[tensor].kind
    if kind == "weights":
        return "#c8c8c8"
    return "#4477cc" if kind == "given" else f"hsl({tensor * 137 % 360}, 60%, 60%)"


def _bars(schedule: Schedule) -> Iterator[tuple[int, int, int, int]]:
    """Yield place, first step, step after the last, and tensor; the window of weights counts as the layer's weights."""
    now: dict[int, tuple[int, int]] = {}
    for time, (step, move) in enumerate(zip(schedule.requests.steps, schedule.moves, strict=True)):
        content = _contents(schedule, move)
        content |= dict.fromkeys(move.window, schedule.graph.nodes[step.node].whole[-1] if move.window else -1)
        for slot in [slot for slot, (tensor, _) in now.items() if content.get(slot) != tensor]:
            tensor, begin = now.pop(slot)
            yield slot, begin, time, tensor
        for slot, tensor in content.items():
            now.setdefault(slot, (tensor, time))
    for slot, (tensor, begin) in now.items():
        yield slot, begin, len(schedule.moves), tensor


def _layer_marks(schedule: Schedule, scale: float, bottom: float) -> Iterator[str]:
    """Yield a tick with a name where a layer begins, as far as names do not overlap."""
    last, before = -1e9, None
    for time, step in enumerate(schedule.requests.steps):
        x = LEFT + time * scale
        if step.node != before and x - last >= 11:
            name = escape(schedule.graph.nodes[step.node].name)
            place = f"{x:.1f} {bottom + 6:.1f}"
            yield (
                f'<text transform="translate({place}) rotate(60)" font-size="9">{name}</text>'
                f'<path d="M{x:.1f} {TOP}V{bottom:.1f}" stroke="#00000033" stroke-width="0.5"/>'
            )
            last = x
        before = step.node


def _size_marks(schedule: Schedule, row: float) -> Iterator[str]:
    """Yield sizes at the left border."""
    capacity = schedule.requests.capacity
    for slot in range(0, capacity + 1, max(1, capacity // 8)):
        size = slot * schedule.page / 1024
        yield f'<text x="{LEFT - 6}" y="{TOP + slot * row + 3:.1f}" font-size="9" text-anchor="end">{size:g} KiB</text>'
