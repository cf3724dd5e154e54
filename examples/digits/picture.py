"""The demo's picture: how busy each layer kept the array, and the digits that were misread."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rtloom.figures import Figure

from ..packages import require
from .results import Outcome, describe

__all__ = ["COLOURS", "INK", "PALE", "TRACK", "draw"]

INK, PALE, TRACK = "#1f2933", "#5f6b7a", "#eceff3"
COLOURS = ("#2f6690", "#3a9188")
HEAD = 0.79
"""Height at which both halves begin, as a share of the picture."""
ACROSS, DOWN = 7, 2
"""Misread digits shown of each network at most: so many columns and rows."""


def draw(path: Path, results: dict[str, Any], outcomes: Sequence[Outcome], images: NDArray[np.int64]) -> None:
    """Write the picture as PNG.

    Parameters
    ----------
    path
        Where to.
    results
        What `results.collect` returned.
    outcomes
        One for each network.
    images
        ``(n, 8, 8, 1)``: the held-out images.
    """
    figure = require("matplotlib.figure").Figure(figsize=(13, 7), dpi=120, facecolor="white")
    _headline(figure, results)
    figure.text(0.075, HEAD, "Utilisation of the array, from simulation", fontsize=13, color=INK)
    _bars(figure.add_axes((0.075, 0.09, 0.36, 0.69)), results)
    for outcome, colour, top in zip(outcomes, COLOURS, (HEAD, HEAD - 0.39), strict=True):
        _misread(figure, top, outcome, images, colour)
    figure.savefig(path, format="png")


def _headline(figure: Any, results: dict[str, Any]) -> None:
    """Say what ran, and what came of it."""
    networks = results["networks"].values()
    compared, equal = (sum(n["outputs"][key]["value"] for n in networks) for key in ("compared", "equal"))
    area = Figure(**results["area"]).short
    array, _, flow = describe(results["params"]).partition(", ")
    title = f"Handwritten digits on a generated {array}"
    line = (
        f"{results['images']} held-out images, {flow}, {area}; "
        f"{equal:,} of {compared:,} layer outputs of the Verilog equal the golden model bit for bit"
    )
    figure.text(0.03, 0.925, title, fontsize=19, fontweight="bold", color=INK)
    figure.text(0.03, 0.875, line, fontsize=11.5, color=PALE)


def _bars(axes: Any, results: dict[str, Any]) -> None:
    """Draw one bar for each layer: the share of the array's multiply-accumulates that did useful work."""
    place, ticks = 0.0, []
    for network, colour in zip(results["networks"].values(), COLOURS, strict=True):
        speed = f"{network['images_per_second']['value']:,.0f} images/s"
        axes.text(0, place, network["title"], fontsize=11.5, fontweight="bold", color=colour, va="center")
        axes.text(100, place, speed, fontsize=11, color=colour, va="center", ha="right")
        for layer in network["layers"]:
            place += 1
            share, cycles = layer["utilisation"]["value"], layer["cycles"]["value"]
            end = "white" if share > 98.5 else INK
            axes.barh(place, 100, height=0.72, color=TRACK)
            axes.barh(place, share, height=0.72, color=colour)
            axes.text(1.5, place, f"{share:.2f} %", fontsize=10.5, color="white", va="center", fontweight="bold")
            axes.text(98.5, place, f"{cycles:,} cycles", fontsize=10, va="center", ha="right", color=end)
            ticks.append((place, layer["name"]))
        place += 1.3  # room for the next network's title
    axes.set_ylim(place - 0.6, -0.5)
    axes.set_xlim(0, 100)
    axes.set_yticks([at for at, _ in ticks], [name for _, name in ticks], fontsize=10.5, color=INK)
    axes.set_xticks(range(0, 101, 25), [f"{share} %" for share in range(0, 101, 25)], fontsize=9.5, color=PALE)
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    clock = results["clock"]["value"] / 1e6
    axes.set_xlabel(f"images/s if clocked at {clock:g} MHz (assumed)", fontsize=9.5, color=PALE, loc="right")


def _misread(figure: Any, top: float, outcome: Outcome, images: NDArray[np.int64], colour: str) -> None:
    """Show the digits that the RTL misread, beginning with the first."""
    seen, labels = outcome.execution.rtl, outcome.labels
    wrong = np.flatnonzero(seen != labels)
    shown = wrong[: ACROSS * DOWN]
    right = 100 * np.mean(seen == labels)
    as_float = 100 * np.mean(outcome.seen == labels)
    title = f"{outcome.network.title.capitalize()}: {len(wrong)} of {len(labels)} misread"
    figure.text(0.49, top, title, fontsize=13, color=INK)
    figure.text(0.975, top, f"int8 {right:.2f} %, float {as_float:.2f} %", fontsize=11, color=colour, ha="right")
    for at, index in enumerate(shown):
        row, column = divmod(at, ACROSS)
        axes = figure.add_axes((0.49 + 0.07 * column, top - 0.14 - 0.165 * row, 0.0646, 0.12))
        axes.imshow(images[index, :, :, 0], cmap="gray_r", vmin=0, vmax=16)
        axes.set_xticks([])
        axes.set_yticks([])
        axes.spines[:].set_color(TRACK)
        axes.set_xlabel(f"{labels[index]} read as {seen[index]}", fontsize=9.5, color=INK, labelpad=3)
    if len(wrong) > len(shown):
        figure.text(0.975, top - 0.345, f"and {len(wrong) - len(shown)} more", fontsize=9.5, color=PALE, ha="right")
