"""Tables of texts as the commands print them."""

from collections.abc import Sequence

import typer

__all__ = ["show_table"]


def show_table(rows: Sequence[tuple[str, ...]], left: int = 1) -> None:
    """Print rows in columns, the first `left` of them to the left and the others, numbers, to the right."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        cells = [
            cell.ljust(w) if at < left else cell.rjust(w) for at, (cell, w) in enumerate(zip(row, widths, strict=True))
        ]
        typer.echo("  ".join(cells).rstrip())
