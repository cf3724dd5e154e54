"""Layers of the front's designs: how well each is used, and what bounds it."""

from html import escape
from math import log10, sqrt
from typing import Any

from ...generators.spec import family
from ..cycles import LayerRun
from ..explore.result import Variant
from .gather import Gathered, Place
from .plotting import COLOURS, SOFT, figure, label, layout

__all__ = ["roofline_plot", "utilisation_plot"]

WRITTEN = 22
"""Layers up to which a cell holds its number."""

NAME_SHOWN = 22
SHADED: dict[str, Any] = {
    "zmin": 0,
    "zmax": 100,
    "xgap": 1,
    "ygap": 1,
    "colorscale": [[0.0, "#f4efe6"], [0.25, "#cfe0e8"], [0.5, "#8fbdd1"], [0.75, "#3f88ac"], [1.0, "#0b4869"]],
    "colorbar": {"title": {"text": "% used"}, "thickness": 12, "outlinewidth": 0},
}
"""How shares are coloured."""


def utilisation_plot(gathered: Gathered) -> str:
    """Return utilisation by design and layer."""
    names = [layer.name for layer in gathered.workload.layers]
    runs = [gathered.runs[variant.id] for variant in gathered.shown]
    trace = {
        "type": "heatmap",
        "x": list(range(len(names))),
        "y": [escape(label(gathered, variant)) for variant in gathered.shown],
        "z": [[each.utilisation.value if each.cycles is not None else None for each in run.layers] for run in runs],
        "customdata": [[_note(each) for each in run.layers] for run in runs],
        "hovertemplate": "<b>%{z:.1f} %</b> of %{y}<br>%{customdata}<extra></extra>",
        "showscale": len(names) > WRITTEN,
        **SHADED,
    }
    if len(names) <= WRITTEN:
        trace |= {"texttemplate": "%{z:.0f}", "textfont": {"size": 11}}
    alt = f"utilisation of {len(runs)} designs in {len(names)} layers, from 0 to 100 percent"
    work = family(gathered.space.family).work
    caption = f"Useful {work} in percent of those that the layer's cycles had room for; exact. "
    return figure("utilisation", [trace], _grid(names, len(runs)), alt, caption + _left(gathered))


def _note(run: LayerRun) -> str:
    """Return a layer on a design in words."""
    amount = f"{run.layer.amount:,} {'MACs' if run.layer.macs else 'elements'}"
    took = f"{run.cycles:,} cycles each, {amount}" if run.cycles is not None else "not run:"
    shape = f"{escape(run.layer.name)} x {run.layer.repeat}: {escape(run.layer.sizes)}"
    return f"{shape}<br>{took}<br>{escape(run.how[:90])}"


def _grid(names: list[str], rows: int) -> dict[str, Any]:
    """Return the layout of the picture; its ground shows where a layer cannot run."""
    shown = [escape(name if len(name) <= NAME_SHOWN else f"{name[: NAME_SHOWN - 1]}\u2026") for name in names]
    axis = {"tickvals": list(range(len(names))), "ticktext": shown, "tickangle": -50, "showgrid": False}
    look = layout(150 + 28 * max(rows, 2), margin={"l": 90, "r": 44, "t": 16, "b": 90}, plot_bgcolor="#d7dbe0")
    look["xaxis"] |= axis | {"tickfont": {"size": 11}}
    look["yaxis"] |= {"autorange": "reversed", "showgrid": False, "type": "category"}
    return look


def _left(gathered: Gathered) -> str:
    """Return what is not shown."""
    text = ""
    if any(run.missing for run in gathered.runs.values()):
        text += "Grey: the design cannot run the layer. "
    if len(gathered.shown) < len(gathered.found.front):
        text += f"{len(gathered.shown)} of the {len(gathered.found.front)} points of the front, evenly picked. "
    return text


def roofline_plot(gathered: Gathered) -> str:
    """Return all layers of the front's designs under their rooflines."""
    places = {variant.id: gathered.places(variant) for variant in gathered.shown}
    every = [place for some in places.values() for place in some]
    if not every:
        return "<p>No layer moves anything between DRAM and the scratchpad: there is no roofline.</p>"
    unit = family(gathered.space.family).work_unit
    least, most = min(p.intensity for p in every) / 2, max(p.intensity for p in every) * 2
    bandwidth = gathered.space.around.bandwidth_gb_s * 1e9
    peaks = _peaks(gathered)
    # The slope and every knee are to be seen.
    least, most = min(least, min(peaks) / bandwidth / 3), 2 * max(most, max(peaks) / bandwidth)
    traces = _roofs(peaks, bandwidth, (least, most), unit)
    some = set(range(len(gathered.shown))) if len(gathered.shown) <= 4 else {0, len(gathered.shown) // 2}
    for at, variant in enumerate(gathered.shown):
        first = at in some or at == len(gathered.shown) - 1
        traces.append(_layers(gathered, variant, places[variant.id], COLOURS[at % len(COLOURS)], visible=first))
    look = layout(520, hovermode="closest", margin={"l": 80, "r": 44, "t": 60, "b": 64})
    look["xaxis"] |= {"type": "log", "title": {"text": f"useful {unit}s for each byte of DRAM traffic"}, "dtick": 1}
    look["xaxis"]["range"] = [log10(least), log10(most)]
    look["yaxis"] |= {"type": "log", "title": {"text": f"useful {unit}s a second"}}
    look["yaxis"] |= {"exponentformat": "SI", "dtick": "D2"}
    alt = f"{len(every)} layers of {len(places)} designs below their rooflines"
    caption = (
        f"A dot is a layer, as large as its share of the time. Roofs: peak {family(gathered.space.family).work} at "
        f"{gathered.space.clock_mhz:g} MHz, and {gathered.space.around.bandwidth_gb_s:g} GB/s of DRAM; traffic is that "
        "of the best loop order, or of the schedule; layers that move nothing are not shown. A dot below its roof is a "
        "layer whose shape leaves multipliers idle. "
    )
    if len(some) + 1 < len(gathered.shown):
        caption += "Further designs are shown by a click on their names. "
    return figure("roofline", traces, look, alt, caption)


def _peaks(gathered: Gathered) -> dict[float, list[str]]:
    """Return the rates of work that designs reach at most, and which designs do."""
    found: dict[float, list[str]] = {}
    for variant in gathered.shown:
        spec = gathered.runs[variant.id].spec
        peak = float(spec.family.peak(spec.params)) * gathered.space.clock_mhz * 1e6
        found.setdefault(peak, []).append(gathered.tags[variant.id])
    return dict(sorted(found.items()))


def _roofs(
    peaks: dict[float, list[str]], bandwidth: float, between: tuple[float, float], unit: str
) -> list[dict[str, Any]]:
    """Return a line for each peak, named at its right end where there is room, and the slope of the DRAM."""
    (least, most), below, traces = between, 0.0, []
    giga = f"G{unit}" if unit.isupper() else f"G {unit}"
    for peak, tags in peaks.items():
        room = not below or log10(peak / below) > 0.12
        text = f"{_list(tags)}: {peak / 1e9:.3g} {giga}/s" if room else ""
        below = peak if room else below
        knee = max(peak / bandwidth, least)
        traces.append(_line([knee, most], [peak, peak], ["", text], "top left"))
    top = max(peaks)
    points = [least, max(top / bandwidth, least)]
    halfway = sqrt(points[0] * points[1])
    rates = [bandwidth * x for x in (points[0], halfway, points[1])]
    words = ["", f"{bandwidth / 1e9:g} GB/s ", ""]
    return [*traces, _line([points[0], halfway, points[1]], rates, words, "top left")]


def _line(x: list[float], y: list[float], text: list[str], side: str) -> dict[str, Any]:
    return {
        "type": "scatter",
        "mode": "lines+text",
        "x": x,
        "y": y,
        "text": text,
        "textposition": side,
        "textfont": {"size": 12, "color": SOFT},
        "line": {"color": SOFT, "width": 1.4},
        "hoverinfo": "skip",
        "showlegend": False,
    }


def _list(tags: list[str]) -> str:
    return ", ".join(tags) if len(tags) <= 4 else f"{', '.join(tags[:3])} and {len(tags) - 3} more"


def _layers(gathered: Gathered, variant: Variant, places: list[Place], colour: str, *, visible: bool) -> dict[str, Any]:
    """Return the layers of one design."""
    total, unit = sum(place.seconds for place in places) or 1.0, family(gathered.space.family).work_unit
    notes = [
        f"{escape(p.run.layer.name)}: {escape(p.run.layer.sizes)}<br>{p.run.utilisation.value:.1f} % used, "
        f"{100 * p.seconds / total:.1f} % of the time, bound by {p.bound}<br>{escape(p.order)}"
        for p in places
    ]
    return {
        "type": "scatter",
        "mode": "markers",
        "name": escape(label(gathered, variant)),
        "visible": True if visible else "legendonly",
        "x": [place.intensity for place in places],
        "y": [place.rate for place in places],
        "customdata": notes,
        "hovertemplate": f"%{{customdata}}<br>%{{x:.3~g}} {unit}/B, %{{y:.3~s}} {unit}/s"
        "<extra>%{fullData.name}</extra>",
        "marker": {
            "color": colour,
            "opacity": 0.75,
            "size": [6 + 34 * sqrt(place.seconds / total) for place in places],
            "line": {"width": 1, "color": "#fff"},
        },
    }
