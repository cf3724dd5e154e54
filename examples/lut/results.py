"""What the demo found: every figure with its unit and where it comes from, and as tables."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table

import rtloom
from rtloom.figures import Figure

from ..digits.results import Outcome, network_results
from ..transformer.gemv_results import show_gemv
from .tiles import Tile

__all__ = ["FewBitOutcome", "Study", "collect", "show"]


@dataclass(frozen=True)
class FewBitOutcome:
    """A network with weights of one format.

    Parameters
    ----------
    tile
        What it ran on.
    outcome
        What came of it.
    rounded
        ``(n,)``: the digits seen where the float weights are rounded to that format without further training.
    """

    tile: Tile
    outcome: Outcome
    rounded: NDArray[np.int64]


@dataclass(frozen=True)
class Study:
    """A network in all its forms.

    Parameters
    ----------
    int8
        ``(n,)``: the digits seen with int8 weights.
    few_bits
        One for each format of few bits.
    """

    int8: NDArray[np.int64]
    few_bits: Sequence[FewBitOutcome]


def collect(spec: str, clock: float, studies: Sequence[Study], areas: list[dict[str, Any]]) -> dict[str, Any]:
    """Return the results as JSON holds them.

    Parameters
    ----------
    spec
        Name of the design that the tiles come from.
    clock
        Assumed frequency in Hz.
    studies
        One for each network.
    areas
        What `Areas.results` returned.
    """
    outcome = studies[0].few_bits[0].outcome
    return {
        "rtloom": rtloom.__version__,
        "spec": spec,
        "images": len(outcome.labels),
        "clock": Figure(clock, "Hz", "assumed").to_dict(),
        "networks": dict(_network(study, clock) for study in studies),
        "tiles": areas,
    }


def _network(study: Study, clock: float) -> tuple[str, dict[str, Any]]:
    """Return a network's name and results."""
    first = study.few_bits[0].outcome
    weights = {}
    for few in study.few_bits:
        found = network_results(few.outcome, clock)
        source = "float32 NumPy, float weights rounded"
        found["accuracy"]["rounded"] = few.outcome.accuracy(few.rounded, source)
        weights[few.tile.weights] = {key: found[key] for key in found if key != "title"}
    return first.network.name, {
        "title": first.network.title,
        "float": first.accuracy(first.seen, "float32 NumPy"),
        "int8": first.accuracy(study.int8, "int8 golden model of the systolic array"),
        "weights": weights,
    }


def show(results: dict[str, Any], console: Console) -> None:
    """Print the results as tables."""
    console.print(f"\n[bold]Handwritten digits with weights of few bits[/bold] on tiles of {results['spec']}\n")
    for network in results["networks"].values():
        console.print(_network_table(network))
        _summary(network, results["images"], console)
    console.print(
        "  rounded: float weights, rounded; golden and RTL: trained for few bits.\n"
        "  Cycles of an image and utilisation are from simulation (rtl-sim), images/s\n"
        f"  if clocked at {results['clock']['value'] / 1e6:g} MHz (assumed).\n",
        highlight=False,
    )
    console.print(_area_table(results["tiles"]))
    console.print(f"  {results['tiles'][0]['area']['source']}", highlight=False)
    _show_transformer(results["transformer"], console)


def _show_transformer(results: dict[str, Any], console: Console) -> None:
    """Print what became of a transformer's projections, or what is missing for them."""
    if "missing" in results:
        console.print(f"\nLeft out, a transformer's projections: {results['missing']}", highlight=False, soft_wrap=True)
    else:
        show_gemv(results, console)


def _network_table(network: dict[str, Any]) -> Table:
    """Return a row for each weight format: accuracy and speed."""
    table = Table(title=network["title"].capitalize(), title_justify="left", title_style="bold")
    table.add_column("weights")
    for title in ("rounded", "golden", "RTL", "cycles", "utilised", "images/s"):
        table.add_column(title, justify="right")
    for weights, found in network["weights"].items():
        table.add_row(
            weights,
            *(f"{found['accuracy'][key]['value']:.2f} %" for key in ("rounded", "golden", "rtl")),
            f"{found['cycles_per_image']['value']:,.1f}",
            f"{found['utilisation']['value']:.2f} %",
            f"{found['images_per_second']['value']:,.0f}",
        )
    return table


def _summary(network: dict[str, Any], images: int, console: Console) -> None:
    """Print what one network is compared with, and bit-equality."""
    outputs = [found["outputs"] for found in network["weights"].values()]
    compared, equal = (sum(each[key]["value"] for each in outputs) for key in ("compared", "equal"))
    verdict = "equal bit for bit" if compared == equal else "equal"
    console.print(
        f"  beside    {network['float']['value']:.2f} % with float32 weights, "
        f"{network['int8']['value']:.2f} % with int8 ones\n"
        f"            on {images} held-out images\n"
        f"  RTL       {equal:,} of {compared:,} layer outputs {verdict}\n"
        f"            to the golden model\n",
        highlight=False,
    )


def _area_table(tiles: list[dict[str, Any]]) -> Table:
    """Return a row for each tile: what it can do, and what it takes."""
    table = Table(title="Area without bias and requantisers", title_justify="left", title_style="bold")
    for title in ("tile", "weights", "planes"):
        table.add_column(title)
    for title in ("MAC/cycle", "area", "per MAC/cycle"):
        table.add_column(title, justify="right")
    for tile in tiles:
        table.add_row(
            f"{tile['unit']} {tile['shape']}",
            tile["weights"],
            tile["planes"],
            f"{tile['macs_per_cycle']['value']:g}",
            Figure(**tile["area"]).short,
            Figure(**tile["area_of_a_mac"]).short,
        )
    return table
