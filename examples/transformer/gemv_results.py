"""What GEMVs of a transformer's matrices on the tile cost and how near they come to float, as figures and tables."""

from typing import TYPE_CHECKING, Any, cast

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table

from rtloom.figures import Figure

if TYPE_CHECKING:
    from collections.abc import Sequence

    import rtloom
    from rtloom.generators.lut.params import LutParams

    from .gemv import GemvRun

__all__ = ["collect", "show_gemv"]

FLOAT = "float64 NumPy"
AGAINST = f"rtl-sim against {FLOAT}"
Reals = NDArray[np.float64]


def collect(spec: "rtloom.Spec", bits: float, runs: "Sequence[GemvRun]") -> dict[str, Any]:
    """Return the results of one design as JSON holds them.

    Errors are lengths of differences between products, in % of the float product's length. ``weights``: weights
    quantised, all else float. ``tile``: what the RTL gave. ``operands``: what int8 activations and integer scales
    add to ``weights``. ``arithmetic``: the RTL against the same integers in float arithmetic, the tile's own share.
    """
    cycles, macs = (sum(getattr(run.report, name) for run in runs) for name in ("cycles", "macs"))
    held = sum(run.operands.bits_per_weight(_params(spec).scale_bits) * run.report.macs for run in runs)
    return {
        "spec": spec.name,
        "params": spec.params.to_dict(),
        "bits": bits,
        "stored": Figure(held / macs, "bit", "exact").to_dict(),
        "cycles": Figure(cycles, "cycles", "rtl-sim").to_dict(),
        "macs": Figure(macs, "MAC", "exact").to_dict(),
        "utilisation": Figure(100 * macs / (cycles * runs[0].report.peak), "%", "rtl-sim").to_dict(),
        "outputs": Figure(sum(run.result.size for run in runs), "values", "rtl-sim").to_dict(),
        "equal": Figure(sum(run.equal for run in runs), "values", "rtl-sim").to_dict(),
        "matrices": [_matrix(run) for run in runs],
    }


def _params(spec: "rtloom.Spec") -> "LutParams":
    return cast("LutParams", spec.params)


def _matrix(run: "GemvRun") -> dict[str, Any]:
    """Return the results of one matrix."""
    report, operands = run.report, run.operands
    tile = operands.real(run.result)
    whole = float(np.linalg.norm(operands.exact)) or 1.0  # products of zeros have no error
    return {
        "role": run.role,
        "shape": list(operands.matrix.shape),
        "macs": Figure(report.macs, "MAC", "exact").to_dict(),
        "cycles": Figure(report.cycles, "cycles", "rtl-sim").to_dict(),
        "formula_cycles": Figure(report.formula_cycles, "cycles", "exact").to_dict(),
        "utilisation": Figure(100 * report.utilisation, "%", "rtl-sim").to_dict(),
        "outputs": Figure(run.result.size, "values", "rtl-sim").to_dict(),
        "equal": Figure(run.equal, "values", "rtl-sim").to_dict(),
        "error": {
            "weights": _distance(operands.by_weights, operands.exact, whole, FLOAT),
            "tile": _distance(tile, operands.exact, whole, AGAINST),
            "operands": _distance(operands.by_operands, operands.by_weights, whole, FLOAT),
            "arithmetic": _distance(tile, operands.by_operands, whole, AGAINST),
        },
        "cosine": {
            "weights": _cosine(operands.by_weights, operands.exact, FLOAT),
            "tile": _cosine(tile, operands.exact, AGAINST),
        },
    }


def _distance(product: Reals, expected: Reals, whole: float, source: str) -> dict[str, object]:
    """Return the length of a difference in % of `whole`."""
    return Figure(100 * float(np.linalg.norm(product - expected)) / whole, "%", source).to_dict()


def _cosine(product: Reals, expected: Reals, source: str) -> dict[str, object]:
    """Return the cosine of the angle between two products."""
    lengths = float(np.linalg.norm(product) * np.linalg.norm(expected)) or 1.0
    return Figure(float(product @ expected) / lengths, "1", source).to_dict()


def show_gemv(results: dict[str, Any], console: Console) -> None:
    """Print what `gemv.transformer_gemv` returned as tables."""
    console.print(
        f"\n[bold]{results['model']}, layer {results['layer']}[/bold]: one token's GEMV through each projection\n"
        f"  token {results['token']} of {results['tokens']} in {results['sentence']!r}, groups of {results['group']}\n",
        highlight=False,
    )
    for design in results["designs"]:
        console.print(_table(design))
        _summary(design, console)


def _table(design: dict[str, Any]) -> Table:
    """Return cost and error of each matrix."""
    title = f"{design['spec']}: {Figure(**design['stored']).short} a weight with scales and zero points"
    table = Table(title=title, title_justify="left", title_style="bold")
    table.add_column("projection", no_wrap=True)
    for name in ("N x K", "cycles", "utili-\nsation", "error,\nweights", "error,\ntile", "cosine"):
        table.add_column(name, justify="right")
    for matrix in design["matrices"]:
        table.add_row(
            matrix["role"].replace("_", " "),
            "x".join(map(str, matrix["shape"])),
            f"{matrix['cycles']['value']:,}",
            f"{matrix['utilisation']['value']:.1f} %",
            f"{matrix['error']['weights']['value']:.2f} %",
            f"{matrix['error']['tile']['value']:.2f} %",
            f"{matrix['cosine']['tile']['value']:.4f}",
        )
    return table


def _summary(design: dict[str, Any], console: Console) -> None:
    """Print what holds for all matrices together."""
    compared, equal = (design[key]["value"] for key in ("outputs", "equal"))
    added, own = (_largest(design, kind) for kind in ("operands", "arithmetic"))
    console.print(
        f"  RTL       {equal:,} of {compared:,} outputs equal the golden model bit for bit\n"
        f"  error     length of the difference from the float product, in % of it\n"
        f"  parts     int8 activations and integer scales: {added}\n"
        f"            the tile's own arithmetic: {own}\n"
        f"  speed     {design['cycles']['value']:,} cycles for all matrices at {design['utilisation']['value']:.1f} % "
        f"utilisation (rtl-sim)\n",
        highlight=False,
    )


def _largest(design: dict[str, Any], kind: str) -> str:
    """Return the largest error of a kind among the matrices."""
    most = max(matrix["error"][kind]["value"] for matrix in design["matrices"])
    return "none" if most < 1e-9 else f"up to {most:.2f} %"
