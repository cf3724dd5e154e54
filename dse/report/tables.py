"""All variants as one table: a row each, every figure with its unit, and where it comes from."""

import csv
import io
import json
from collections.abc import Sequence
from typing import IO, Any

from ..explore.result import Explored, Variant
from .tools import tool

__all__ = ["Columns", "columns_of", "write_csv", "write_parquet"]

Columns = dict[str, list[Any]]
"""Values by column; None where a variant has none."""


def columns_of(found: Explored) -> Columns:
    """Return the table: `id` to `reason`, the axes, ``figure [unit]`` for each figure, ``figure source`` for each.

    A figure that has another unit in some variants has a column for each unit.
    """
    front = set(found.front)
    table: Columns = {
        "id": [variant.id for variant in found.variants],
        "point": [variant.point for variant in found.variants],
        "recipe": [variant.recipe for variant in found.variants],
        "tier": [variant.tier for variant in found.variants],
        "on_front": [variant.id in front for variant in found.variants],
        "reason": [variant.reason for variant in found.variants],
    }
    axes = dict.fromkeys(name for variant in found.variants for name in variant.axes)
    table |= {name: _alike([_plain(variant.axes.get(name)) for variant in found.variants]) for name in axes}
    kinds = dict.fromkeys((name, figure.unit) for v in found.variants for name, figure in v.figures.items())
    for name, unit in kinds:
        table[f"{name} [{unit}]"] = [_value(variant, name, unit) for variant in found.variants]
    for name in dict.fromkeys(name for name, _ in kinds):
        table[f"{name} source"] = [v.figures[name].source if name in v.figures else None for v in found.variants]
    return table


def write_csv(columns: Columns, file: IO[bytes]) -> None:
    """Write the table as CSV in UTF-8; an empty cell where there is no value."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(zip(*columns.values(), strict=True))
    file.write(text.getvalue().encode())


def write_parquet(columns: Columns, file: IO[bytes]) -> None:
    """Write the table as Parquet; null where there is no value."""
    tool("pyarrow.parquet").write_table(tool("pyarrow").table(columns), file)


def _value(variant: Variant, name: str, unit: str) -> float | None:
    """Return a figure in this unit, None where the variant has none."""
    figure = variant.figures.get(name)
    return float(figure.value) if figure is not None and figure.unit == unit else None


def _plain(value: Any) -> Any:
    """Return lists and mappings as JSON."""
    return json.dumps(value) if isinstance(value, list | tuple | dict) else value


def _alike(values: Sequence[Any]) -> list[Any]:
    """Return values of one type: as texts where they are of several."""
    kinds = {type(value) for value in values if value is not None}
    return list(values) if len(kinds) <= 1 else [None if value is None else str(value) for value in values]
