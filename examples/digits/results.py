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
from rtloom.hdl.synth_report import SynthReport

from .execute import Execution, LayerRun
from .network import Network

__all__ = ["Outcome", "collect", "describe", "network_results", "show"]


@dataclass(frozen=True)
class Outcome:
    """What became of one network.

    Parameters
    ----------
    network
        Which.
    seen
        ``(n,)``: the digit that the float network sees in each held-out image.
    labels
        ``(n,)``: the digit that each shows.
    execution
        Its int8 form on the array and on the golden model.
    """

    network: Network
    seen: NDArray[np.int64]
    labels: NDArray[np.int64]
    execution: Execution

    def accuracy(self, digits: NDArray[np.int64], source: str) -> dict[str, object]:
        """Return the share of images in which the right digit is seen."""
        return Figure(float(100 * np.mean(digits == self.labels)), "%", source).to_dict()


def collect(spec: rtloom.Spec, clock: float, outcomes: Sequence[Outcome], area: SynthReport) -> dict[str, Any]:
    """Return the results as JSON holds them."""
    return {
        "rtloom": rtloom.__version__,
        "spec": spec.name,
        "params": spec.params.to_dict(),
        "images": len(outcomes[0].labels),
        "clock": Figure(clock, "Hz", "assumed").to_dict(),
        "area": area["area"].to_dict(),
        "networks": {outcome.network.name: network_results(outcome, clock) for outcome in outcomes},
    }


def network_results(outcome: Outcome, clock: float) -> dict[str, Any]:
    """Return one network's results; the clock in Hz."""
    execution, images = outcome.execution, len(outcome.labels)
    compared = sum(layer.outputs for layer in execution.layers)
    equal = sum(layer.equal for layer in execution.layers)
    rate = clock * images / execution.cycles
    return {
        "title": outcome.network.title,
        "accuracy": {
            "float": outcome.accuracy(outcome.seen, "float32 NumPy"),
            "golden": outcome.accuracy(outcome.execution.golden, "int8 golden model"),
            "rtl": outcome.accuracy(outcome.execution.rtl, "rtl-sim"),
        },
        "outputs": {
            "compared": Figure(compared, "values", "rtl-sim").to_dict(),
            "equal": Figure(equal, "values", "rtl-sim").to_dict(),
        },
        "cycles": Figure(execution.cycles, "cycles", "rtl-sim").to_dict(),
        "cycles_per_image": Figure(execution.cycles / images, "cycles", "rtl-sim").to_dict(),
        "utilisation": Figure(100 * execution.utilisation, "%", "rtl-sim").to_dict(),
        "images_per_second": Figure(rate, "images/s", "rtl-sim cycles at the assumed clock").to_dict(),
        "layers": [_layer(layer) for layer in execution.layers],
    }


def _layer(run: LayerRun) -> dict[str, Any]:
    """Return one layer's results."""
    report = run.report
    return {
        "name": run.name,
        "operation": report.operation,
        "macs": Figure(report.macs, "MAC", "exact").to_dict(),
        "cycles": Figure(report.cycles, "cycles", "rtl-sim").to_dict(),
        "formula_cycles": Figure(report.formula_cycles, "cycles", "exact").to_dict(),
        "utilisation": Figure(100 * report.utilisation, "%", "rtl-sim").to_dict(),
        "outputs": Figure(run.outputs, "values", "rtl-sim").to_dict(),
        "equal": Figure(run.equal, "values", "rtl-sim").to_dict(),
    }


def describe(params: dict[str, Any]) -> str:
    """Return size and dataflow of an array in a few words."""
    depth = f" x {params['reduce']}" if params["reduce"] > 1 else ""
    return f"{params['rows']} x {params['cols']}{depth} int8 array, {params['dataflow'].replace('_', '-')}"


def show(results: dict[str, Any], console: Console) -> None:
    """Print the results as tables."""
    console.print(f"\n[bold]Handwritten digits on {results['spec']}[/bold]: {describe(results['params'])}\n")
    for network in results["networks"].values():
        console.print(_layer_table(network))
        _summary(network, results, console)
    area = results["area"]
    console.print(f"[bold]Area[/bold] {Figure(**area).short}\n  {area['source']}", highlight=False)


def _layer_table(network: dict[str, Any]) -> Table:
    """Return cycles (simulated and by formula), utilisation and values equal to the golden model of each layer."""
    table = Table(title=network["title"].capitalize(), title_justify="left", title_style="bold")
    table.add_column("layer")
    for title in ("MACs", "cycles", "formula", "utilisation", "outputs", "equal"):
        table.add_column(title, justify="right")
    for layer in network["layers"]:
        table.add_row(
            layer["name"],
            *(f"{layer[key]['value']:,}" for key in ("macs", "cycles", "formula_cycles")),
            f"{layer['utilisation']['value']:.2f} %",
            *(f"{layer[key]['value']:,}" for key in ("outputs", "equal")),
        )
    return table


def _summary(network: dict[str, Any], results: dict[str, Any], console: Console) -> None:
    """Print accuracy, bit-equality and speed of one network."""
    accuracy = {name: figure["value"] for name, figure in network["accuracy"].items()}
    compared, equal = (network["outputs"][key]["value"] for key in ("compared", "equal"))
    verdict = "equal bit for bit" if compared == equal else "equal"
    console.print(
        f"  accuracy  {accuracy['float']:.2f} % float, {accuracy['golden']:.2f} % int8 golden, "
        f"{accuracy['rtl']:.2f} % int8 RTL\n"
        f"            on {results['images']} held-out images\n"
        f"  RTL       {equal:,} of {compared:,} layer outputs {verdict}\n"
        f"            to the golden model\n"
        f"  speed     {network['cycles_per_image']['value']:,.1f} cycles an image at "
        f"{network['utilisation']['value']:.2f} % utilisation (rtl-sim);\n"
        f"            {network['images_per_second']['value']:,.0f} images/s "
        f"if clocked at {results['clock']['value'] / 1e6:g} MHz (assumed)\n"
    )
