"""Where energy goes, and how far estimates were from what came out."""

from dataclasses import dataclass
from html import escape
from typing import Any

import numpy as np

from ..explore.result import Variant
from .gather import Gathered
from .plotting import COLOURS, KINDS, SOFT, figure, label, layout
from .units import Axis, axis_of, error_of, is_estimate, label_of, readable

__all__ = ["Comparison", "compared", "energy_plot", "estimate_plot"]

PARTS = {"energy_logic": ("logic", "#0a5c8a"), "energy_sram": ("SRAM", "#e3a33c"), "energy_dram": ("DRAM", "#a8b3be")}
COMPARED = ("area", "energy")
SYMBOLS = ("circle", "diamond", "square", "triangle-up", "cross", "star")


def energy_plot(gathered: Gathered) -> str:
    """Return the energy of the front's points in its parts; empty where none is known."""
    best = [v for v in gathered.found.best if all(name in v.figures for name in PARTS)]
    if not best:
        return ""
    totals = [sum(v.figures[name].value for name in PARTS) for v in best]
    axis = axis_of("energy", "J", totals)
    names = [escape(label(gathered, variant)) for variant in best]
    traces = [_part(name, best, totals, axis.scale, names) for name in PARTS]
    traces.append(_totals(best, totals, axis.scale, names))
    look = layout(
        110 + 30 * max(len(best), 2), barmode="stack", bargap=0.25, margin={"l": 90, "r": 70, "t": 44, "b": 56}
    )
    look["xaxis"] |= {"title": {"text": f"energy of {escape(gathered.workload.name)} once [{axis.unit}]"}}
    look["xaxis"]["range"] = [0, max(totals) / axis.scale * 1.12]
    look["yaxis"] |= {"autorange": "reversed", "showgrid": False, "type": "category"}
    look["legend"] |= {"traceorder": "normal"}
    alt = f"energy of {len(best)} points in logic, SRAM and DRAM"
    caption = "Logic: simulated gates, cycles with and without work. SRAM, DRAM: bits moved times table values. "
    return figure("energy", traces, look, alt, caption)


def _part(name: str, best: list[Variant], totals: list[float], scale: float, names: list[str]) -> dict[str, Any]:
    """Return one part of all bars, with its share where there is room."""
    words, colour = PARTS[name]
    shares = [v.figures[name].value / (total or 1.0) for v, total in zip(best, totals, strict=True)]
    return {
        "type": "bar",
        "orientation": "h",
        "name": words,
        "y": names,
        "x": [variant.figures[name].value / scale for variant in best],
        "text": [
            f"{100 * share:.0f} %" if share * t > 0.07 * max(totals) else ""
            for share, t in zip(shares, totals, strict=True)
        ],
        "textposition": "inside",
        "insidetextanchor": "middle",
        "textangle": 0,
        "marker": {"color": colour},
        "customdata": [[readable(v.figures[name]), escape(v.figures[name].source[:110])] for v in best],
        "hovertemplate": f"{words} %{{customdata[0]}}<br>%{{customdata[1]}}<extra>%{{y}}</extra>",
    }


def _totals(best: list[Variant], totals: list[float], scale: float, names: list[str]) -> dict[str, Any]:
    """Return the sums at the ends of the bars."""
    return {
        "type": "scatter",
        "mode": "text",
        "y": names,
        "x": [total / scale for total in totals],
        "text": [f" {readable(v.figures['energy']) if 'energy' in v.figures else ''}" for v in best],
        "textposition": "middle right",
        "cliponaxis": False,
        "textfont": {"size": 12, "color": SOFT},
        "showlegend": False,
        "hoverinfo": "skip",
    }


@dataclass(frozen=True)
class Comparison:
    """Estimates of one figure beside what was measured.

    Parameters
    ----------
    name, source
        The figure, and where its estimates come from.
    variants
        Those of which both are known.
    measured
        Values, in the figure's unit.
    errors
        Estimate less measurement in percent of the measurement.
    """

    name: str
    source: str
    variants: list[Variant]
    measured: list[float]
    errors: list[float]

    @property
    def words(self) -> str:
        """Observed errors next to what the model says of itself."""
        sizes = np.abs(self.errors)
        seen = f"median {np.median(sizes):.1f} %, p95 {np.percentile(sizes, 95):.1f} %"
        return f"{label_of(self.name)}: {seen} off here (n = {len(sizes)}); the model says of itself: {self.source}"


def compared(gathered: Gathered) -> list[Comparison]:
    """Return the figures that were estimated in tier 0 and measured later."""
    found = []
    for name in COMPARED:
        pairs = [
            (variant, gathered.estimates[variant.id][name], variant.figures[name])
            for variant in gathered.found.variants
            if name in gathered.estimates.get(variant.id, {}) and name in variant.figures
        ]
        pairs = [pair for pair in pairs if not is_estimate(pair[2].source) and pair[2].value]
        if pairs:
            errors = [100 * (estimate.value / measured.value - 1) for _, estimate, measured in pairs]
            variants, values = [pair[0] for pair in pairs], [pair[2].value for pair in pairs]
            found.append(Comparison(name, pairs[0][1].source, variants, values, errors))
    return found


def estimate_plot(gathered: Gathered) -> str:
    """Return how far estimates of tier 0 were off, a panel for each figure; empty where nothing was estimated."""
    found = compared(gathered)
    if not found:
        return ""
    traces: list[dict[str, Any]] = []
    look = layout(380, hovermode="closest", shapes=[], annotations=[], margin={"l": 70, "r": 44, "t": 60, "b": 64})
    width = 1 / len(found)
    for at, each in enumerate(found):
        end = "" if at == 0 else str(at + 1)
        axis = axis_of(each.name, gathered.unit[each.name], each.measured)
        traces += _deviations(gathered, each, axis, end)
        _panel(look, each, axis, end, (at * width + 0.05 * (at > 0), (at + 1) * width - 0.03 * (at + 1 < len(found))))
    alt = "; ".join(each.words for each in found)
    caption = " ".join(f"{escape(each.words)}." for each in found)
    return figure("estimates", traces, look, alt, f"{caption} Shaded: the p95 that the model states. ")


def _deviations(gathered: Gathered, each: Comparison, axis: Axis, end: str) -> list[dict[str, Any]]:
    """Return the points of a panel, the recipes told apart."""
    traces = []
    for at, recipe in enumerate(dict.fromkeys(variant.recipe for variant in gathered.found.variants)):
        some = [i for i, variant in enumerate(each.variants) if variant.recipe == recipe]
        traces.append(
            {
                "type": "scatter",
                "mode": "markers",
                "xaxis": f"x{end}",
                "yaxis": f"y{end}",
                "name": escape(recipe),
                "legendgroup": recipe,
                "showlegend": not end and bool(some),
                "x": [each.measured[i] / axis.scale for i in some],
                "y": [each.errors[i] for i in some],
                "customdata": [_note(gathered, each.variants[i], each.name) for i in some],
                "hovertemplate": "%{customdata}<br><b>%{y:+.1f} %</b><extra></extra>",
                "marker": {
                    "color": COLOURS[at % len(COLOURS)],
                    "symbol": SYMBOLS[at % len(SYMBOLS)],
                    "size": 9,
                    "line": {"width": 1, "color": "#fff"},
                },
            }
        )
    return traces


def _note(gathered: Gathered, variant: Variant, name: str) -> str:
    """Return estimate and measurement of a variant in words."""
    estimate, measured = gathered.estimates[variant.id][name], variant.figures[name]
    axes = ", ".join(f"{axis} {value}" for axis, value in variant.axes.items())
    return f"{escape(axes)}, {escape(variant.recipe)}<br>estimated {readable(estimate)}, measured {readable(measured)}"


def _panel(look: dict[str, Any], each: Comparison, axis: Axis, end: str, domain: tuple[float, float]) -> None:
    """Give a panel its axes and its band."""
    look[f"xaxis{end}"] = look["xaxis"] | {
        "domain": list(domain),
        "anchor": f"y{end}",
        "title": {"text": f"measured {axis.title}"},
        "type": "log" if axis.log else "linear",
    }
    look[f"yaxis{end}"] = look["yaxis"] | {
        "anchor": f"x{end}",
        "title": {"text": f"estimate of {axis.label} off by [%]", "standoff": 4},
        "zeroline": True,
        "zerolinecolor": SOFT,
    }
    stated = error_of(each.source)
    if stated is not None:
        band = {"type": "rect", "xref": f"x{end} domain", "yref": f"y{end}", "x0": 0, "x1": 1, "layer": "below"}
        fill = {"fillcolor": KINDS["cloud"]["colour"], "opacity": 0.3, "line": {"width": 0}}
        look["shapes"].append(band | fill | {"y0": -100 * stated, "y1": 100 * stated})
