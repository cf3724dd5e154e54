"""The front as a plot whose axes can be chosen: everything that was looked at, and what nothing beats."""

from collections.abc import Iterable, Sequence
from html import escape
from typing import Any

from ...figures import Figure
from ..explore.result import Variant
from .gather import Gathered
from .plotting import KINDS, by_kind, frame, label, labelled_axes, layout, literal
from .units import BETTER, Axis, axis_of, error_of, readable

__all__ = ["axes_of", "front_plot"]

ALWAYS = ("area", "latency", "energy", "utilisation")
CLOUD_BARS = 60
"""Points of tier 0 up to which each is drawn with its error; of more the caption says it."""

SOURCE_SHOWN = 72
"""Letters of a source that fit beside a point; the table has all."""


def axes_of(gathered: Gathered) -> list[Axis]:
    """Return what can be drawn: objectives and the figures that everybody asks for, as far as two points have them."""
    found, axes = gathered.found, []
    for name in dict.fromkeys([*found.objectives, *ALWAYS]):
        values = [v.figures[name].value for v in found.variants if name in v.figures]
        if values:
            axes.append(axis_of(name, gathered.unit[name], [*values, *found.cloud.get(name, [])]))
    return axes


def front_plot(gathered: Gathered) -> str:
    """Return the plot with its two choices of axes."""
    axes = axes_of(gathered)
    data = {
        "axes": [
            {"title": a.title, "log": a.log, "better": BETTER.get(a.name, 1), "label": a.label, "unit": a.unit}
            for a in axes
        ],
        "kinds": _kinds(gathered, axes),
        "layout": layout(560, hovermode="closest", margin={"l": 80, "r": 44, "t": 70, "b": 64}),
    }
    count = len(gathered.found.front)
    alt = f"{axes[0].label} against {axes[min(1, len(axes) - 1)].label} of all points; {count} are on the front"
    return frame("front", alt, _caption(gathered), f"frontPlot('front',{literal(data)})", _choices(axes))


def _kinds(gathered: Gathered, axes: Sequence[Axis]) -> list[dict[str, Any]]:
    """Return the points of each kind, values in the axes' units and errors as shares of them."""
    kinds = [{**KINDS["cloud"], "key": "cloud", "points": _cloud(gathered, axes)}]
    for kind, variants in by_kind(gathered).items():
        points = []
        for variant in variants:
            shown = [variant.figures.get(axis.name) for axis in axes]
            values = [None if f is None else f.value / a.scale for f, a in zip(shown, axes, strict=True)]
            errors = [None if f is None else error_of(f.source) for f in shown]
            name = label(gathered, variant) if kind == "front" else ""
            points.append({"v": values, "e": errors, "t": escape(name), "h": hover(gathered, variant, axes)})
        kinds.append({**KINDS[kind], "key": kind, "points": points})
    return kinds


def _cloud(gathered: Gathered, axes: Sequence[Axis]) -> list[dict[str, Any]]:
    """Return the sample of tier 0."""
    cloud = gathered.found.cloud
    count = max(map(len, cloud.values()), default=0)
    bars = [error_of(_estimate_source(gathered, axis.name)) if count <= CLOUD_BARS else None for axis in axes]
    columns = [[v / a.scale for v in cloud[a.name]] if a.name in cloud else [None] * count for a in axes]
    return [{"v": list(values), "e": bars} for values in zip(*columns, strict=True)]


def _estimate_source(gathered: Gathered, name: str) -> str:
    """Return where tier 0's estimate of a figure comes from; empty where it is none."""
    return gathered.found.sources.get("energy" if name == "edp" else name, "")


def hover(gathered: Gathered, variant: Variant, axes: Iterable[Axis]) -> str:
    """Return what is shown beside a point: id, axes, recipe, figures with their sources, why it is out."""
    tag = gathered.tags.get(variant.id, f"tier {variant.tier}")
    values = ", ".join(f"{name} {value}" for name, value in variant.axes.items())
    lines = [f"<b>{escape(tag)}  {escape(variant.point)}</b>", escape(values), escape(variant.recipe)]
    lines += [_line(axis, variant.figures[axis.name]) for axis in axes if axis.name in variant.figures]
    if variant.reason:
        lines.append(f"<b>out:</b> {escape(_cut(variant.reason))}")
    return "<br>".join(lines)


def _line(axis: Axis, figure: Figure) -> str:
    source = f"<span style='color:#5b6b7d'>{escape(_cut(figure.source))}</span>"
    return f"{escape(axis.label)} <b>{escape(readable(figure))}</b>  {source}"


def _cut(text: str) -> str:
    return text if len(text) <= SOURCE_SHOWN else f"{text[: SOURCE_SHOWN - 1]}\u2026"


def _choices(axes: Sequence[Axis]) -> str:
    """Return the menus of the axes."""
    menus = []
    for which, chosen in (("x", 0), ("y", min(1, len(axes) - 1))):
        options = "".join(
            f'<option value="{at}"{" selected" if at == chosen else ""}>{escape(axis.title)}</option>'
            for at, axis in enumerate(axes)
        )
        words = "from left to right" if which == "x" else "upwards"
        menus.append(f'<label>{words} <select id="front-{which}">{options}</select></label>')
    return f'<div class="controls">{"".join(menus)}</div>'


def _caption(gathered: Gathered) -> str:
    """Return how the plot is read."""
    found = gathered.found
    text = "The line joins the points that nothing beats in the two figures shown; other points of the front are on it "
    text += f"for their {escape(' or '.join(found.objectives))}. "
    held = labelled_axes(gathered)
    if held:
        text += f"Labels: {escape(held)}. "
    stated = {name: error_of(_estimate_source(gathered, name)) for name in ("area", "energy")}
    errors = [f"{name} \u00b1{100 * share:.1f} %" for name, share in stated.items() if share is not None]
    if errors:
        text += f"Bars are the p95 of the estimates' error on held-out designs: {', '.join(errors)} in tier 0"
        text += ". " if max(map(len, found.cloud.values()), default=0) <= CLOUD_BARS else ", not drawn for each dot. "
    return text + "Logarithmic where values span more than a factor of 30. Axes can be chosen above the plot."
