"""What all plots of the page share: colours, layout, and how they get into HTML."""

import json
from collections.abc import Mapping, Sequence
from html import escape
from math import isfinite
from typing import Any

from ..explore.result import Variant
from .gather import Gathered

__all__ = ["COLOURS", "GRID", "INK", "KINDS", "SOFT", "by_kind", "figure", "frame", "label", "labelled_axes", "layout"]
__all__ += ["literal"]

INK, SOFT, GRID = "#1d2733", "#5b6b7d", "#e6ebf0"
COLOURS = ("#0a5c8a", "#d1690e", "#2a8f6d", "#a23b72", "#7a6c1d", "#5a54b5", "#c2413b", "#4b7f96")
"""Of designs, in turn; told apart by people who see no red or no green as well."""

KINDS: dict[str, dict[str, Any]] = {
    "cloud": {"words": "tier 0: closed forms", "colour": "#c9d0d8", "symbol": "circle", "size": 5},
    "out": {"words": "out (bound, clock or failure)", "colour": "#a9808a", "symbol": "x-thin-open", "size": 8},
    "netlist": {"words": "tier 1: netlist, energy estimated", "colour": "#d1690e", "symbol": "diamond", "size": 8},
    "simulated": {"words": "tier 2: simulated, beaten", "colour": "#5d9fc4", "symbol": "circle-open", "size": 9},
    "front": {"words": "front: netlist and simulation", "colour": "#0a5c8a", "symbol": "circle", "size": 11},
}
"""Kinds of points from back to front, and how they are drawn."""

MOST_LABELS = 14
"""Points of the front up to which labels hold axes; a longer one has numbers only."""


def by_kind(gathered: Gathered) -> dict[str, list[Variant]]:
    """Return the variants of each kind; each is in one."""
    found: dict[str, list[Variant]] = {kind: [] for kind in KINDS if kind != "cloud"}
    for variant in gathered.found.variants:
        if variant.id in gathered.tags:
            kind = "front"
        elif variant.reason:
            kind = "out"
        else:
            kind = "simulated" if variant.tier == 2 else "netlist"
        found[kind].append(variant)
    return found


def label(gathered: Gathered, variant: Variant) -> str:
    """Return a short label of a variant on the front: its number, and the axes that vary along the front."""
    best, tag = gathered.found.best, gathered.tags[variant.id]
    if len(best) > MOST_LABELS:
        return tag
    varying = [name for name in variant.axes if len({str(each.axes[name]) for each in best}) > 1]
    values = "\u00b7".join(_short(variant.axes[name]) for name in varying)
    return f"{tag} {values}".strip()


def labelled_axes(gathered: Gathered) -> str:
    """Return which axes the labels hold, in their order."""
    best = gathered.found.best
    if not best or len(best) > MOST_LABELS:
        return ""
    return " \u00b7 ".join(name for name in best[0].axes if len({str(each.axes[name]) for each in best}) > 1)


def _short(value: Any) -> str:
    """Return a value in a few letters: the initials of several words."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    text = str(value)
    words = text.split("_")
    return "".join(word[:1] for word in words).upper() if len(words) > 1 else text[:10]


def layout(height: int, **more: Any) -> dict[str, Any]:
    """Return what all plots look like."""
    base: dict[str, Any] = {
        "height": height,
        "font": {"family": "system-ui, 'DejaVu Sans', sans-serif", "size": 13, "color": INK},
        "paper_bgcolor": "#fff",
        "plot_bgcolor": "#fff",
        "margin": {"l": 70, "r": 44, "t": 40, "b": 60},
        "hoverlabel": {"align": "left", "bgcolor": "#fff", "bordercolor": SOFT, "font": {"size": 12, "color": INK}},
        "modebar": {"orientation": "v", "bgcolor": "rgba(0,0,0,0)", "color": "#a9b4bf", "activecolor": SOFT},
        "legend": {"orientation": "h", "x": 0, "y": 1.02, "yanchor": "bottom", "font": {"size": 12}},
    }
    for name in ("xaxis", "yaxis"):
        base[name] = {"gridcolor": GRID, "linecolor": SOFT, "ticks": "outside", "tickcolor": SOFT, "zeroline": False}
        base[name] |= {"automargin": True, "title": {"standoff": 12}} | more.pop(name, {})
    return base | more


def figure(name: str, data: Sequence[Any], look: Mapping[str, Any], alt: str, caption: str) -> str:
    """Return a plot as HTML: its place, what it shows for those who cannot see it, and its caption.

    Parameters
    ----------
    name
        Id of the element.
    data, look
        Traces and layout as plotly.js takes them.
    alt
        What can be seen, in a sentence.
    caption
        How it is read; HTML.
    """
    return frame(name, alt, caption, f"Plotly.newPlot({literal(name)},{literal(list(data))},{literal(look)},CONFIG)")


def frame(name: str, alt: str, caption: str, script: str, controls: str = "") -> str:
    """Return the place of a plot with the script that fills it."""
    return (
        f'<figure class="card">{controls}<div id="{escape(name, quote=True)}" class="plot" role="img" '
        f'aria-label="{escape(alt, quote=True)}"></div><figcaption>{caption}</figcaption></figure>'
        f"<script>{script}</script>"
    )


def literal(value: Any) -> str:
    """Return a value as JavaScript that may stand in HTML: nothing in it ends the script."""
    text = json.dumps(_finite(value), separators=(",", ":"), allow_nan=False)
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def _finite(value: Any) -> Any:
    """Return a value with null for what is no number, and floats to seven digits."""
    if isinstance(value, float):
        return float(f"{value:.7g}") if isfinite(value) else None
    if isinstance(value, Mapping):
        return {str(key): _finite(each) for key, each in value.items()}
    return [_finite(each) for each in value] if isinstance(value, list | tuple) else value
