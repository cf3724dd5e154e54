"""The demo's picture: accuracy against the bits of a weight, and the area of each tile."""

import math
from pathlib import Path
from typing import Any

from rtloom.figures import Figure

from ..digits.picture import COLOURS, INK, PALE, TRACK
from ..packages import require

__all__ = ["draw"]

BITS = {"ternary": math.log2(3), "int2": 2, "int4": 4, "int8": 8}
UNIT_COLOURS = {"LUT": "#2f6690", "MAC": "#c1666b"}


def draw(path: Path, results: dict[str, Any]) -> None:
    """Write the picture as PNG.

    Parameters
    ----------
    path
        Where to.
    results
        What `results.collect` returned.
    """
    figure = require("matplotlib.figure").Figure(figsize=(13, 6.5), dpi=120, facecolor="white")
    _headline(figure, results)
    figure.text(0.06, 0.8, "Accuracy on held-out images", fontsize=13, color=INK)
    _accuracy(figure.add_axes((0.06, 0.1, 0.4, 0.67)), results)
    figure.text(0.52, 0.8, "Area without bias and requantisers", fontsize=13, color=INK)
    _areas(figure.add_axes((0.71, 0.1, 0.27, 0.67)), results)
    figure.savefig(path, format="png")


def _headline(figure: Any, results: dict[str, Any]) -> None:
    """Say what ran, and what came of it."""
    runs = [run for network in results["networks"].values() for run in network["weights"].values()]
    compared, equal = (sum(run["outputs"][key]["value"] for run in runs) for key in ("compared", "equal"))
    tile = results["tiles"][0]
    line = (
        f"{results['images']} held-out images, int8 activations, tables in place of multipliers; "
        f"{equal:,} of {compared:,} layer outputs of the Verilog equal the golden model bit for bit"
    )
    title = f"Weights of few bits on generated {tile['unit']} tiles, {tile['shape']}"
    figure.text(0.03, 0.925, title, fontsize=19, fontweight="bold", color=INK)
    figure.text(0.03, 0.875, line, fontsize=11.5, color=PALE)


def _accuracy(axes: Any, results: dict[str, Any]) -> None:
    """Draw a line for each network, its float accuracy dashed."""
    lowest = 100.0
    for network, colour, above in zip(results["networks"].values(), COLOURS, (-15, 7), strict=True):
        shares = [run["accuracy"]["rtl"]["value"] for run in network["weights"].values()]
        values = [*shares, network["int8"]["value"]]
        places = [BITS[name] for name in [*network["weights"], "int8"]]
        axes.plot(places, values, color=colour, marker="o", linewidth=2, label=network["title"])
        axes.axhline(network["float"]["value"], color=colour, linestyle="--", linewidth=1, label="float32")
        for place, value in zip(places, values, strict=True):
            label = {"xytext": (0, above), "textcoords": "offset points", "ha": "center", "color": colour}
            axes.annotate(f"{value:.1f}", (place, value), **label)
        lowest = min(lowest, network["float"]["value"], *values)
    axes.set_ylim(math.floor(lowest) - 2, 100.7)
    axes.set_xscale("log", base=2)
    axes.minorticks_off()
    axes.set_xticks(list(BITS.values()), list(BITS), fontsize=10.5, color=INK)
    axes.set_xlabel("few bits: trained on for them; int8: float weights rounded", fontsize=9.5, color=PALE)
    axes.set_ylabel("% of digits read right", fontsize=9.5, color=PALE)
    axes.tick_params(length=0)
    axes.tick_params(axis="y", labelcolor=PALE, labelsize=9.5)
    axes.grid(axis="y", color=TRACK)
    axes.spines[:].set_visible(False)
    axes.legend(frameon=False, fontsize=10, loc="lower right", ncols=2)


def _areas(axes: Any, results: dict[str, Any]) -> None:
    """Draw a bar for each tile, with what it takes and can do."""
    tiles = results["tiles"]
    widest = max(tile["area"]["value"] for tile in tiles)
    for place, tile in enumerate(tiles):
        area = Figure(**tile["area"])
        axes.barh(place, area.value, height=0.7, color=UNIT_COLOURS[tile["unit"]])
        text = f"{area.short} for {tile['macs_per_cycle']['value']:g} MAC/cycle"
        inside = area.value > 0.6 * widest
        place_x, side = (area.value - 0.015 * widest, "right") if inside else (area.value + 0.015 * widest, "left")
        axes.text(place_x, place, text, va="center", ha=side, fontsize=10, color="white" if inside else INK)
    axes.set_yticks(range(len(tiles)), [_title(tile) for tile in tiles], fontsize=10.5, color=INK)
    axes.set_ylim(len(tiles) - 0.5, -0.5)
    axes.set_xlim(0, widest * 1.02)
    axes.set_xticks([])
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    axes.set_xlabel(tiles[0]["area"]["source"], fontsize=8, color=PALE, loc="right")


def _title(tile: dict[str, Any]) -> str:
    """Name a tile."""
    planes = f", planes {tile['planes']}" if tile["unit"] == "LUT" else ""
    return f"{tile['unit']} {tile['shape']} {tile['weights']}{planes}"
