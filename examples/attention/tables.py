"""The demo's results as tables."""

from typing import Any

from rich.console import Console
from rich.table import Table

from rtloom.figures import Figure

__all__ = ["TITLES", "show"]

TITLES = {
    "gemm": "systolic array",
    "attention": "attention engine",
    "rope": "adder",
    "layernorm": "norm",
    "gelu": "GELU",
}
"""What stages run on, by operation; the adder is the unit of rotary positions."""
LONGEST = 44
"""Letters of a sentence that are shown."""


def show(results: dict[str, Any], console: Console) -> None:
    """Print the results, as `results.collect` returned them."""
    subject = "sentences" if results["missing"] is None else "digits"
    console.print(f"\n[bold]{results['model']}[/bold] in integers on generated hardware\n", highlight=False)
    if results["missing"] is not None:
        console.print(f"  stands in for a real one: {results['missing']}\n", highlight=False, markup=False)
    console.print(_head_table(results["heads"]))
    _show_heads(results["heads"], results["sequences"], subject, console)
    console.print(_stage_table(results["layer"]))
    _show_layer(results, subject, console)
    if "similarity" in results:
        console.print(_pair_table(results["similarity"]))
        _show_similarity(results, console)
    if "accuracy" in results:
        accuracy = results["accuracy"]
        console.print(
            f"[bold]Digits read right[/bold] {accuracy['golden']['value']:.2f} % in integers, "
            f"{accuracy['float']['value']:.2f} % in float, of {results['sequences']}\n",
            highlight=False,
        )


def _table(title: str, names: int, *columns: str) -> Table:
    """Return an empty table whose first columns are names."""
    table = Table(title=title, title_justify="left", title_style="bold")
    for at, column in enumerate(columns):
        table.add_column(column, justify="left" if at < names else "right", no_wrap=True)
    return table


def _head_table(heads: dict[str, Any]) -> Table:
    """Return how near each head comes to float."""
    table = _table(f"Heads of layer 0 on {heads['spec']}", 1, "head", "largest error", "rms error", "rms", "cosine")
    for at, head in enumerate(heads["heads"]):
        table.add_row(
            str(at),
            *(f"{head[key]['value']:.4f}" for key in ("largest_error", "rms_error", "rms")),
            f"{head['cosine']['value']:.6f}",
        )
    return table


def _show_heads(heads: dict[str, Any], count: int, subject: str, console: Console) -> None:
    """Print what holds for all heads together."""
    console.print(
        f"  RTL       {heads['equal']['value']:,} of {heads['outputs']['value']:,} results equal the golden model\n"
        f"  error     against float attention; the engine's own, of integers, is at most\n"
        f"            {heads['largest_own_error']['value']:.2f} % of the range of V, "
        f"rms {heads['rms_own_error']['value']:.3f} %\n"
        f"  speed     {heads['cycles']['value']:,} cycles for {count} {subject}, "
        f"{heads['utilisation']['value']:.1f} % utilisation (rtl-sim)\n",
        highlight=False,
    )


def _stage_table(layer: dict[str, Any]) -> Table:
    """Return cost and nearness to float of each stage."""
    table = _table("Layer 0, stage by stage", 3, "stage", "on", "result", "cycles", "utilised", "cosine")
    for stage in layer["stages"]:
        table.add_row(
            stage["name"].replace("_", " "),
            TITLES[stage["operation"]],
            stage["format"],
            f"{stage['cycles']['value']:,}",
            f"{stage['utilisation']['value']:.1f} %",
            f"{stage['cosine']['value']:.5f}",
        )
    return table


def _show_layer(results: dict[str, Any], subject: str, console: Console) -> None:
    """Print what holds for the layer, and for the others."""
    layer = results["layer"]
    others = ", ".join(f"{figure['value']:.4f}" for figure in results["each_layer"])
    speed = Figure(**layer["tokens_per_second"]).value
    console.print(
        f"  RTL       {layer['equal']['value']:,} of {layer['outputs']['value']:,} results equal the golden models\n"
        f"            bit for bit, on {layer['tokens']} tokens of {layer['sequences']} {subject}\n"
        f"  cosine    of the layer's output with float {layer['cosine']['value']:.4f}, "
        f"at least {layer['least_cosine']['value']:.4f}\n"
        f"            by golden models of every single layer:\n"
        f"            {others}\n"
        f"  speed     {layer['cycles']['value']:,} cycles, one stage after the other (rtl-sim);\n"
        f"            {speed:,.0f} tokens/s a layer if clocked at {results['clock']['value'] / 1e6:g} MHz (assumed)\n",
        highlight=False,
    )


def _pair_table(similarity: dict[str, Any]) -> Table:
    """Return how alike the sentences of each pair are."""
    table = _table("How alike sentences are", 1, "sentences", "float", "integers")
    for pair in similarity["pairs"]:
        table.add_section()
        table.add_row(
            f"{_short(pair['first'])}\n{_short(pair['second'])}",
            *(f"{pair[key]['value']:.3f}" for key in ("float", "integers")),
        )
    return table


def _show_similarity(results: dict[str, Any], console: Console) -> None:
    """Print how near the similarities come to float."""
    similarity = results["similarity"]
    console.print(
        f"  integers  golden models of all {results['layers']} layers, mean over tokens\n"
        f"  error     of {similarity['compared']['value']} pairs at most "
        f"{similarity['largest_error']['value']:.4f}, rms {similarity['rms_error']['value']:.4f}\n",
        highlight=False,
    )


def _short(sentence: str) -> str:
    return sentence if len(sentence) <= LONGEST else sentence[: LONGEST - 3] + "..."
