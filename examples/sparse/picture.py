"""The demo's picture: accuracy and speed-up of each pattern, and the bits that a weight takes."""

from pathlib import Path
from typing import Any

from ..digits.picture import COLOURS, INK, PALE, TRACK
from ..packages import require

__all__ = ["draw"]

HEIGHT = 0.8
"""Height of the panels' titles, as a share of the picture."""
PARTS = {"values": "#2f6690", "indices": "#e0a458", "descriptors": "#7a8694", "scales": "#c1666b"}


def draw(path: Path, results: dict[str, Any]) -> None:
    """Write the picture as PNG.

    Parameters
    ----------
    path
        Where to.
    results
        What `results.collect` returned.
    """
    figure = require("matplotlib.figure").Figure(figsize=(15, 6.5), dpi=120, facecolor="white")
    _headline(figure, results)
    networks = list(results["networks"].values())
    figure.text(0.04, HEIGHT, "Accuracy on test images", fontsize=13, color=INK)
    _accuracy(figure.add_axes((0.055, 0.1, 0.26, 0.67)), networks)
    figure.text(0.355, HEIGHT, "Cycles saved beside the dense form", fontsize=13, color=INK)
    _speed(figure.add_axes((0.375, 0.1, 0.24, 0.67)), networks)
    figure.text(0.655, HEIGHT, "Bits moved for each weight, pruned ones included", fontsize=13, color=INK)
    _memory(figure.add_axes((0.765, 0.1, 0.22, 0.67)), results)
    figure.savefig(path, format="png")


def _headline(figure: Any, results: dict[str, Any]) -> None:
    """Say what ran, and what came of it."""
    networks = results["networks"].values()
    matrices = results["feed_forward"].get("matrices", [])
    runs = [run["outputs"] for network in networks for run in network["runs"]]
    runs += [{"compared": run["outputs"], "equal": run["equal"]} for matrix in matrices for run in matrix["runs"]]
    compared, equal = (sum(run[key]["value"] for run in runs) for key in ("compared", "equal"))
    title = f"Pruned weights on generated sparse chains of {results['multipliers']['value']:.0f} multipliers"
    line = (
        f"{results['images']} test images, int8 activations; "
        f"{equal:,} of {compared:,} outputs of the Verilog equal the golden model bit for bit"
    )
    figure.text(0.03, 0.925, title, fontsize=19, fontweight="bold", color=INK)
    figure.text(0.03, 0.875, line, fontsize=11.5, color=PALE)


def _forms(network: dict[str, Any], weights: str) -> list[dict[str, Any]]:
    """Return the runs with weights of a width, the dense one once."""
    runs = [run for run in network["runs"] if run["weights"] == weights]
    return [run for at, run in enumerate(runs) if run["pattern"] != "dense" or at == 0]


def _accuracy(axes: Any, networks: list[dict[str, Any]]) -> None:
    """Draw a mark for each form, full for int8 and hollow for int4; the dense float network's accuracy dashed."""
    lowest, titles = 100.0, []
    for network, colour, aside in zip(networks, COLOURS, (-0.2, 0.1), strict=True):
        for weights, fill, further in (("int8", colour, 0), ("int4", "white", 0.1)):
            forms = _forms(network, weights)
            values = [run["accuracy"]["rtl"]["value"] for run in forms]
            titles = [run["pattern"] for run in forms]
            places = [place + aside + further for place in range(len(forms))]
            look = {"color": colour, "markerfacecolor": fill, "marker": "o", "markersize": 9, "linestyle": "none"}
            axes.plot(places, values, label=f"{network['title']}, {weights}", **look)
            lowest = min(lowest, *values)
        axes.axhline(network["float"]["value"], color=colour, linestyle="--", linewidth=1)
    axes.set_ylim(lowest - 0.35 * (100 - lowest) - 1, 100.7)
    axes.set_xticks(range(len(titles)), titles, fontsize=10.5, color=INK)
    axes.set_xlabel("dashed: dense float32", fontsize=9.5, color=PALE, loc="right")
    axes.set_ylabel("% of digits read right", fontsize=9.5, color=PALE)
    _plain(axes, "y")
    axes.legend(frameon=False, fontsize=9.5, loc="lower left")


def _speed(axes: Any, networks: list[dict[str, Any]]) -> None:
    """Draw a bar for each network and pattern, and what N of M would give at best."""
    patterns = list(networks[0]["patterns"])
    for at, (network, colour) in enumerate(zip(networks, COLOURS, strict=True)):
        speeds = {run["pattern"]: run["speedup"]["value"] for run in network["runs"] if run["weights"] == "int8"}
        for place, pattern in enumerate(patterns):
            x = place + 0.4 * at - 0.2
            label = network["title"] if place == 0 else None
            axes.bar(x, speeds[pattern], width=0.36, color=colour, label=label)
            inside = {"ha": "center", "va": "top", "fontsize": 10, "color": "white"}
            axes.text(x, speeds[pattern] - 0.06, f"{speeds[pattern]:.2f}", **inside)
    for place, pattern in enumerate(patterns):
        kept, block = map(int, pattern.split(":"))
        axes.plot((place - 0.42, place + 0.42), 2 * (block / kept,), color=INK, linestyle="--", linewidth=1)
    axes.set_xticks(range(len(patterns)), patterns, fontsize=10.5, color=INK)
    axes.set_ylim(0, 5)
    axes.set_xlabel("int8; dashed: M / N", fontsize=9.5, color=PALE, loc="right")
    axes.set_ylabel("times faster on the same design", fontsize=9.5, color=PALE)
    _plain(axes, "y")
    axes.legend(frameon=False, fontsize=9.5, loc="upper left")


def _memory(axes: Any, results: dict[str, Any]) -> None:
    """Draw a bar for each form of the last network and of the transformer's matrices, divided into its parts."""
    network = list(results["networks"].values())[-1]
    rows = [(f"{run['weights']} {run['pattern']}", run) for w in ("int8", "int4") for run in _forms(network, w)]
    for matrix in results["feed_forward"].get("matrices", [])[:1]:
        rows += [(f"transformer\nint4 {run['pattern']}", run) for run in matrix["runs"]]
    widest = max(run["memory"]["bits_per_weight"]["value"] for _, run in rows)
    for place, (_, run) in enumerate(rows):
        memory = run["memory"]
        whole, each = memory["whole"]["value"], memory["bits_per_weight"]["value"]
        begin = 0.0
        for part, colour in PARTS.items():
            share = memory[part]["value"] / whole * each
            axes.barh(place, share, left=begin, height=0.7, color=colour, label=part if place == 0 else None)
            begin += share
        axes.text(each + 0.015 * widest, place, f"{each:.2f}", va="center", fontsize=10, color=INK)
    axes.set_yticks(range(len(rows)), [title for title, _ in rows], fontsize=10, color=INK)
    axes.set_ylim(len(rows) - 0.5, -0.5)
    axes.set_xlim(0, 1.1 * widest)
    axes.set_xlabel(f"{network['title']} and transformer, exact", fontsize=9.5, color=PALE, loc="right")
    _plain(axes, "x")
    axes.legend(frameon=False, fontsize=9.5, loc="lower right")


def _plain(axes: Any, grid: str) -> None:
    """Leave out frame and ticks, and draw lines across one axis only."""
    axes.tick_params(length=0)
    axes.tick_params(axis=grid, labelcolor=PALE, labelsize=9.5)
    axes.grid(axis=grid, color=TRACK)
    axes.set_axisbelow(True)
    axes.spines[:].set_visible(False)
