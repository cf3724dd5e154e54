"""The front as a still picture, for papers and slides: PNG and SVG."""

from collections.abc import Sequence
from typing import IO, Any

from ..explore.result import Variant
from .front import axes_of
from .gather import Gathered
from .plotting import GRID, INK, KINDS, by_kind, label
from .tools import tool
from .units import BETTER, Axis, error_of

__all__ = ["draw"]

DPI = 160
MARKERS = {"cloud": ".", "out": "x", "netlist": "D", "simulated": "o", "front": "o"}
SIZES = {"cloud": 18, "out": 28, "netlist": 26, "simulated": 38, "front": 62}
STYLE = {"font.family": "DejaVu Sans", "font.size": 9.5, "svg.hashsalt": "rtloom", "svg.fonttype": "none"}
"""Text stays text, and the same points give the same file."""

SIDES = ((-1, -1), (1, 1), (1, -1), (-1, 1), (-1, 0), (1, 0), (0, -1), (0, 1))
"""Where a label may stand, in the order of preference where less is better in both figures: there nothing can lie."""

Point = tuple[float, float]


def draw(gathered: Gathered, files: dict[str, IO[bytes]]) -> None:
    """Draw the first objective against the second into files.

    Parameters
    ----------
    gathered
        What was found.
    files
        Open files by format, ``png`` or ``svg``.

    Raises
    ------
    ToolError
        Where matplotlib is not installed.
    """
    matplotlib = tool("matplotlib")
    figure_type, agg = tool("matplotlib.figure").Figure, tool("matplotlib.backends.backend_agg").FigureCanvasAgg
    with matplotlib.rc_context(STYLE):
        figure = figure_type(figsize=(8.4, 5.2), dpi=DPI, layout="constrained")
        agg(figure)
        axes = figure.subplots()
        _fill(gathered, axes, figure)
        for kind, file in files.items():
            figure.savefig(file, format=kind, metadata={"Date": None} if kind == "svg" else None)


def _fill(gathered: Gathered, axes: Any, figure: Any) -> None:
    """Draw everything."""
    chosen = axes_of(gathered)
    pair = (chosen[0], chosen[min(1, len(chosen) - 1)])
    _look(gathered, axes, pair)
    kinds = by_kind(gathered)
    cloud = [gathered.found.cloud.get(axis.name, []) for axis in pair]
    if all(cloud):
        points = [(x / pair[0].scale, y / pair[1].scale) for x, y in zip(*cloud, strict=True)]
        _dots(axes, "cloud", points, [])
    for kind, variants in kinds.items():
        some = [variant for variant in variants if all(axis.name in variant.figures for axis in pair)]
        points = [_at(variant, pair) for variant in some]
        _dots(axes, kind, points, [_errors(variant, pair) for variant in some])
        if kind == "front" and points:
            line = _stairs(points, pair)
            axes.step(*zip(*line, strict=True), where="post", color=KINDS[kind]["colour"], lw=1.3, ls=":", zorder=3)
    if axes.get_legend_handles_labels()[0]:
        figure.legend(loc="outside lower center", ncols=3, frameon=False, fontsize=8.5)
    figure.draw_without_rendering()
    _label(gathered, axes, pair, kinds)


def _look(gathered: Gathered, axes: Any, pair: Sequence[Axis]) -> None:
    """Give the picture its title, axes and grid."""
    found = gathered.found
    title = (
        f"{found.space['name']}: {len(found.front)} points on the front of {found.points:,}, {found.workload['name']}"
    )
    axes.set_title(title, loc="left", fontsize=11, color=INK, parse_math=False)
    for which, axis in zip("xy", pair, strict=True):
        more = ", more is better" if BETTER.get(axis.name, 1) < 0 else ""
        getattr(axes, f"set_{which}label")(axis.title + more, parse_math=False)
        if axis.log:
            getattr(axes, f"set_{which}scale")("log")
            getattr(axes, f"{which}axis").set_major_formatter(
                tool("matplotlib.ticker").FuncFormatter(lambda value, _: f"{value:g}")
            )
    axes.grid(color=GRID, lw=0.8)
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)
    axes.margins(0.08)


def _dots(axes: Any, kind: str, points: Sequence[Point], errors: Sequence[Point]) -> None:
    """Draw the points of one kind, with their errors where they are estimates."""
    if not points:
        return
    look = KINDS[kind]
    x, y = zip(*points, strict=True)
    hollow = kind == "simulated"
    colours = {"facecolors": "none", "edgecolors": look["colour"]} if hollow else {"color": look["colour"]}
    depth = 2 + list(KINDS).index(kind)
    words = f"{look['words']} ({len(points)})"
    axes.scatter(x, y, s=SIZES[kind], marker=MARKERS[kind], label=words, zorder=depth, linewidths=1.2, **colours)
    if any(map(any, errors)):
        xerr, yerr = zip(*errors, strict=True)
        axes.errorbar(x, y, xerr=xerr, yerr=yerr, fmt="none", ecolor=look["colour"], elinewidth=0.9, capsize=2)


def _at(variant: Variant, pair: Sequence[Axis]) -> Point:
    x, y = (variant.figures[axis.name].value / axis.scale for axis in pair)
    return x, y


def _errors(variant: Variant, pair: Sequence[Axis]) -> Point:
    """Return the errors of a point in the units of the axes."""
    shares = (error_of(variant.figures[axis.name].source) or 0.0 for axis in pair)
    x, y = (share * abs(value) for share, value in zip(shares, _at(variant, pair), strict=True))
    return x, y


def _stairs(points: Sequence[Point], pair: Sequence[Axis]) -> list[Point]:
    """Return the points that none beats in these two figures, the best of the first one first."""
    a, b = (BETTER.get(axis.name, 1) for axis in pair)
    kept: list[Point] = []
    for point in sorted(points, key=lambda p: (a * p[0], b * p[1])):
        if not kept or b * point[1] < b * kept[-1][1]:
            kept.append(point)
    return kept


def _label(gathered: Gathered, axes: Any, pair: Sequence[Axis], kinds: dict[str, list[Variant]]) -> None:
    """Write the points' names where they cover least."""
    shown = {kind: [v for v in kinds[kind] if all(axis.name in v.figures for axis in pair)] for kind in kinds}
    solid = [_pixel(axes, _at(variant, pair)) for kind, some in shown.items() if kind != "out" for variant in some]
    boxes, frame = [_Box(x - 9, y - 9, x + 9, y + 9) for x, y in solid], axes.get_window_extent()
    a, b = (BETTER.get(axis.name, 1) for axis in pair)
    for variant in shown["front"]:
        at, text = _at(variant, pair), label(gathered, variant)
        costs = []
        for rank, (dx, dy) in enumerate(SIDES):
            box = _text_box(_pixel(axes, at), text, (a * dx, b * dy))
            out = box.x0 < frame.x0 or box.x1 > frame.x1 or box.y0 < frame.y0 or box.y1 > frame.y1
            costs.append((sum(box.common(other) for other in boxes) + 2000 * out + rank, rank, box))
        _, rank, box = min(costs, key=lambda cost: cost[:2])
        boxes.append(box)
        _write(axes, at, text, (a * SIDES[rank][0], b * SIDES[rank][1]))


def _write(axes: Any, at: Point, text: str, side: tuple[int, int]) -> None:
    """Write a label beside a point."""
    across, along = {-1: "right", 0: "center", 1: "left"}[side[0]], {-1: "top", 0: "center", 1: "bottom"}[side[1]]
    place: dict[str, Any] = {
        "xytext": (6 * side[0], 6 * side[1]),
        "textcoords": "offset points",
        "ha": across,
        "va": along,
    }
    halo = [tool("matplotlib.patheffects").withStroke(linewidth=2.5, foreground="#fff")]
    place |= {"fontsize": 9, "zorder": 9, "parse_math": False, "path_effects": halo}
    axes.annotate(text, at, color=KINDS["front"]["colour"], **place)


class _Box:
    """A rectangle in pixels."""

    def __init__(self, x0: float, y0: float, x1: float, y1: float) -> None:
        self.x0, self.y0, self.x1, self.y1 = x0, y0, x1, y1

    def common(self, other: "_Box") -> float:
        """Return the area that both cover."""
        wide = min(self.x1, other.x1) - max(self.x0, other.x0)
        high = min(self.y1, other.y1) - max(self.y0, other.y0)
        return max(0.0, wide) * max(0.0, high)


def _pixel(axes: Any, at: Point) -> Point:
    x, y = axes.transData.transform(at)
    return float(x), float(y)


def _text_box(at: Point, text: str, side: tuple[int, int]) -> _Box:
    """Return the room that a text takes beside a point."""
    dot = DPI / 72
    wide, high = 5.6 * len(text) * dot, 11 * dot
    x, y = at[0] + 6 * side[0] * dot, at[1] + 6 * side[1] * dot
    x0, y0 = x + (side[0] - 1) / 2 * wide, y + (side[1] - 1) / 2 * high
    return _Box(x0, y0, x0 + wide, y0 + high)
