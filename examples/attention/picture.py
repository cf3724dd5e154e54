"""The demo's picture: a head's shares, errors of the heads, the cycles of each stage, and what it all comes to."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ..digits.picture import COLOURS, INK, PALE, TRACK
from ..packages import require
from .results import cosines_of
from .study import Study
from .subject import DigitsSubject
from .tables import TITLES

if TYPE_CHECKING:
    from .heads import HeadMap

__all__ = ["draw"]

BLUE, GREEN = COLOURS
KINDS = {"gemm": BLUE, "attention": "#c1666b", "rope": "#7a8694", "layernorm": "#e0a458", "gelu": GREEN}
"""Colours of stages by operation."""
UPPER, LOWER = 0.8, 0.385
"""Heights of the panels' titles, as a share of the picture."""
POINTS = 2000


def draw(path: Path, results: dict[str, Any], study: Study) -> None:
    """Write the picture as PNG.

    Parameters
    ----------
    path
        Where to.
    results
        What `results.collect` returned.
    study
        What they were collected from.
    """
    figure = require("matplotlib.figure").Figure(figsize=(15, 10), dpi=120, facecolor="white")
    _headline(figure, results)
    _maps(figure, study)
    figure.text(0.62, UPPER + 0.045, "Error of all heads' results, in % of the range of V", fontsize=13, color=INK)
    _errors(figure.add_axes((0.65, 0.475, 0.32, 0.35)), study)
    figure.text(0.04, LOWER, "Cycles of layer 0, from simulation", fontsize=13, color=INK)
    _cycles(figure.add_axes((0.15, 0.085, 0.38, 0.28)), results["layer"])
    _scatter(figure, study)
    figure.savefig(path, format="png")


def _headline(figure: Any, results: dict[str, Any]) -> None:
    """Say what ran, and what came of it."""
    parts = [results["heads"], results["layer"]]
    compared, equal = (sum(part[key]["value"] for part in parts) for key in ("outputs", "equal"))
    line = (
        f"{equal:,} of {compared:,} results of the Verilog equal the golden models bit for bit; "
        f"layer 0's output has a cosine of {results['layer']['cosine']['value']:.4f} with float"
    )
    title = f"{results['model']}: attention and a whole encoder layer in integers"
    figure.text(0.03, 0.945, title, fontsize=19, fontweight="bold", color=INK)
    figure.text(0.03, 0.91, line, fontsize=11.5, color=PALE)


def _maps(figure: Any, study: Study) -> None:
    """Draw what each token of the first sequence looks at, in float and by the engine."""
    found: HeadMap = study.head_map
    largest = float(np.abs(found.rtl - found.real).max())
    figure.text(0.04, UPPER + 0.045, f"What tokens look at in head {found.head} of layer 0", fontsize=13, color=INK)
    figure.text(0.58, UPPER + 0.045, f"largest difference {largest:.4f}", fontsize=11, color=BLUE, ha="right")
    shades = {"cmap": "Blues", "vmin": 0, "vmax": 1}
    words = study.subject.words
    for left, title, shares in ((0.09, "float", found.real), (0.36, "Verilog", found.rtl)):
        axes = figure.add_axes((left, 0.475, 0.22, 0.33))
        axes.imshow(shares, **shades)
        axes.set_title(title, fontsize=11, color=PALE)
        axes.set_xticks(range(len(words)), words, rotation=60, ha="right", fontsize=9, color=INK)
        axes.set_yticks(range(len(words)), words if left < 0.2 else [""] * len(words), fontsize=9, color=INK)
        axes.tick_params(length=0)
        axes.spines[:].set_visible(False)


def _errors(axes: Any, study: Study) -> None:
    """Draw how often errors occur, against float attention of real and of quantised operands."""
    run, shown = study.heads, []
    for exact, colour, label in (
        (run.exact, BLUE, "against float Q, K, V"),
        (run.quantized, "#c1666b", "against the same integers in float"),
    ):
        off = 100 * (run.real - exact) / run.ranges[..., np.newaxis]
        shown.append((off.ravel(), colour, f"{label}: rms {np.sqrt(np.mean(off * off)):.3f} %"))
    reach = max(float(np.abs(values).max()) for values, *_ in shown)
    bins = np.linspace(-reach, reach, 81)
    for values, colour, label in shown:
        axes.hist(values, bins=bins, color=colour, alpha=0.6, label=label)
    axes.set_yscale("log")
    axes.set_xlabel("% of the largest value of the sequence and head", fontsize=9.5, color=PALE, loc="right")
    axes.set_ylabel("results", fontsize=9.5, color=PALE)
    _plain(axes)
    axes.set_ylim(top=axes.get_ylim()[1] * 8)
    axes.legend(frameon=False, fontsize=10, loc="upper left")


def _cycles(axes: Any, layer: dict[str, Any]) -> None:
    """Draw a bar for each stage."""
    stages = layer["stages"]
    widest = max(stage["cycles"]["value"] for stage in stages)
    named = set()
    for place, stage in enumerate(stages):
        cycles, kind = stage["cycles"]["value"], stage["operation"]
        label = None if kind in named else TITLES[kind]
        named.add(kind)
        axes.barh(place, cycles, height=0.75, color=KINDS[kind], label=label)
        text = f"{cycles:,}, {stage['utilisation']['value']:.0f} % utilised"
        inside = cycles > 0.6 * widest
        at, side = (cycles - 0.01 * widest, "right") if inside else (cycles + 0.01 * widest, "left")
        axes.text(at, place, text, va="center", ha=side, fontsize=9.5, color="white" if inside else INK)
    axes.set_yticks(range(len(stages)), [stage["name"].replace("_", " ") for stage in stages], fontsize=10, color=INK)
    axes.set_ylim(len(stages) - 0.5, -0.5)
    axes.set_xlim(0, widest * 1.02)
    axes.set_xticks([])
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    axes.legend(frameon=False, fontsize=10, loc="upper center", bbox_to_anchor=(0.42, -0.01), ncols=5)


def _scatter(figure: Any, study: Study) -> None:
    """Draw what integers come to over what float comes to: similarities of sentences, or a digit's means."""
    batch = study.subject.measured
    pooled = [batch.pool(each) for each in (study.float_output, study.output)]
    if isinstance(study.subject, DigitsSubject):
        title, unit = "What the classifier is given", "mean over rows"
        x, y = (each.ravel()[:POINTS] for each in pooled)
    else:
        title, unit = "How alike all pairs of sentences are, after all layers", "cosine"
        upper = np.triu_indices(len(batch.lengths), 1)
        x, y = (cosines_of(each)[upper] for each in pooled)
    figure.text(0.62, LOWER, title, fontsize=13, color=INK)
    axes = figure.add_axes((0.65, 0.07, 0.32, 0.295))
    ends = [min(x.min(), y.min()), max(x.max(), y.max())]
    axes.plot(ends, ends, color=TRACK, linewidth=2)
    axes.plot(x, y, color=BLUE, marker="o", markersize=5, linestyle="none", alpha=0.7)
    axes.set_xlabel(f"{unit}, float", fontsize=9.5, color=PALE, loc="right")
    axes.set_ylabel(f"{unit}, integers (golden models)", fontsize=9.5, color=PALE)
    _plain(axes)


def _plain(axes: Any) -> None:
    """Leave out frame and ticks."""
    axes.tick_params(length=0, labelcolor=PALE, labelsize=9.5)
    axes.grid(color=TRACK)
    axes.set_axisbelow(True)
    axes.spines[:].set_visible(False)
