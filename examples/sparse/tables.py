"""The demo's results as tables."""

from typing import Any

from rich.console import Console
from rich.table import Table

__all__ = ["show"]

FORM_COLUMNS = ("float\n%", "RTL\n%", "cycles", "speed-\nup", "utili-\nsed %", "bits a\nweight", "of\ndense %")
MATRIX_COLUMNS = ("N x K", "cycles", "speed-\nup", "utili-\nsed %", "error\n%", "bits a\nweight")


def show(results: dict[str, Any], console: Console) -> None:
    """Print the results, as `results.collect` returned them."""
    console.print(
        f"\n[bold]Handwritten digits with pruned weights[/bold] on chains of {results['spec']}\n"
        f"  {results['multipliers']['value']:.0f} multipliers, int8 activations\n",
        highlight=False,
    )
    for network in results["networks"].values():
        console.print(_network_table(network))
        _summary(network, results["images"], console)
    console.print(
        "  Each section is a design; dense forms run on the same one as the pruned\n"
        "  forms below them, which are compared with those. Cycles of an image and\n"
        "  utilisation, by weights that are not 0, are from simulation (rtl-sim). Bits\n"
        "  (exact) with indices, descriptors and padding, pruned weights counted as\n"
        "  weights; of dense: all that an inference moves, each weight read once.\n",
        highlight=False,
    )
    _show_feed_forward(results["feed_forward"], console)


def _network_table(network: dict[str, Any]) -> Table:
    """Return a row for each form: accuracy, speed and size; a section for each design."""
    table = _table(network["title"].capitalize(), 1, "weights", *FORM_COLUMNS)
    for run in network["runs"]:
        if run["pattern"] == "dense":
            table.add_section()
        table.add_row(
            f"{run['weights']} {run['pattern']}",
            *(f"{run['accuracy'][key]['value']:.2f}" for key in ("float", "rtl")),
            f"{run['cycles_per_image']['value']:,.1f}",
            f"{run['speedup']['value']:.2f}",
            f"{run['utilisation']['value']:.1f}",
            f"{run['memory']['bits_per_weight']['value']:.2f}",
            f"{run['memory_of_dense']['value']:.1f}",
        )
    return table


def _summary(network: dict[str, Any], images: int, console: Console) -> None:
    """Print what pruning without further training does, and bit-equality."""
    compared, equal = (sum(run["outputs"][key]["value"] for run in network["runs"]) for key in ("compared", "equal"))
    verdict = "equal bit for bit" if compared == equal else "equal"
    lost = ", ".join(f"{found['pruned']['value']:.2f} % {title}" for title, found in network["patterns"].items())
    console.print(
        f"  pruned    {lost}\n"
        f"            in float before the remaining weights are trained on, which\n"
        f"            gives the pruned forms more training than the dense float one\n"
        f"  RTL       {equal:,} of {compared:,} layer outputs {verdict}\n"
        f"            to the golden model, on {images} test images; training was set\n"
        f"            up by other images, which are not learnt from either\n",
        highlight=False,
    )


def _show_feed_forward(found: dict[str, Any], console: Console) -> None:
    """Print what came of the transformer's matrices."""
    if "skipped" in found:
        console.print(f"Feed-forward matrices skipped: {found['skipped']}\n", highlight=False, markup=False)
        return
    console.print(
        f"[bold]{found['model']}, layer {found['layer']}[/bold]: one token through the feed-forward matrices\n"
        f"  token {found['token']} in {found['sentence']!r}; 4-bit weights, groups of {found['group']}\n",
        highlight=False,
    )
    console.print(_matrix_table(found))
    runs = [run for matrix in found["matrices"] for run in matrix["runs"]]
    compared, equal = (sum(run[key]["value"] for run in runs) for key in ("outputs", "equal"))
    errors = ", ".join(f"{matrix['pruning_error']['value']:.1f} % {_role(matrix)}" for matrix in found["matrices"])
    console.print(
        f"  RTL       {equal:,} of {compared:,} outputs equal the golden model bit for bit\n"
        f"  error     against the float product of the dense matrix, by length;\n"
        f"            pruning alone, in float and without training: {errors}\n"
        f"  bits      of each weight with indices, descriptors, scales and a float32\n"
        f"            unit for each row (exact)\n",
        highlight=False,
    )


def _matrix_table(found: dict[str, Any]) -> Table:
    """Return a row for each form of each matrix."""
    table = _table(found["spec"], 2, "matrix", "weights", *MATRIX_COLUMNS)
    for matrix in found["matrices"]:
        table.add_section()
        for run in matrix["runs"]:
            table.add_row(
                _role(matrix),
                run["pattern"],
                " x ".join(map(str, matrix["shape"])),
                f"{run['cycles']['value']:,}",
                f"{run['speedup']['value']:.2f}",
                f"{run['utilisation']['value']:.1f}",
                f"{run['error']['rtl']['value']:.2f}",
                f"{run['memory']['bits_per_weight']['value']:.2f}",
            )
    return table


def _table(title: str, names: int, *columns: str) -> Table:
    """Return an empty table whose first columns are names."""
    table = Table(title=title, title_justify="left", title_style="bold")
    for at, column in enumerate(columns):
        table.add_column(column, justify="left" if at < names else "right", no_wrap=True)
    return table


def _role(matrix: dict[str, Any]) -> str:
    """Return ``in`` or ``out``."""
    return str(matrix["role"]).rpartition("_")[2]
