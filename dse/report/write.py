"""The report of an exploration, as files in a folder: each is there whole or not at all."""

import json
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import IO, Any

import yaml

from ...files import whole_file
from ..explore.result import Explored
from .front import axes_of
from .gather import Gathered
from .page import report_page
from .picture import draw
from .tables import columns_of, write_csv, write_parquet
from .tools import check_tools, has_parquet

__all__ = ["check_tools", "write_report"]

DESIGNS = "front"
"""Folder of the front's designs, a specification each."""

WITHOUT = "points.parquet was not written: it takes pyarrow, pip install 'rtloom[dse]'."


def write_report(found: Explored, output: Path, command: str, store: Path) -> dict[str, Any]:
    """Write everything about an exploration.

    The folder then holds `report.html` (needs no network), `points.csv` and `points.parquet` (a row a variant, see
    `tables.columns_of`), `front.png` and `front.svg` (left out where no variant has a figure), `results.json`
    (`Explored.to_dict`), and in ``front/`` a specification of every design on the front.

    Parameters
    ----------
    found
        What was found.
    output
        Folder, made if need be.
    command, store
        The command that explored, and its store, as the page's commands name them.

    Returns
    -------
    dict
        What `results.json` holds, and `files`: the paths of all files.

    Raises
    ------
    ToolError
        Where plotly or matplotlib is not installed.
    InputError
        Where a file cannot be written.
    """
    check_tools()
    output.mkdir(parents=True, exist_ok=True)
    gathered, files = Gathered(found), list[Path]()

    def write(name: str, fill: Callable[[IO[bytes]], object]) -> None:
        with whole_file(output / name, "Report") as file:
            fill(file)
        files.append(output / name)

    document = found.to_dict()
    write("results.json", lambda file: file.write((json.dumps(document, indent=1) + "\n").encode()))
    columns, notes = columns_of(found), list[str]()
    write("points.csv", lambda file: write_csv(columns, file))
    if has_parquet():
        write("points.parquet", lambda file: write_parquet(columns, file))
    else:
        notes.append(WITHOUT)
    files += _pictures(gathered, output)
    designs = _designs(gathered, output)
    files += dict.fromkeys(designs.values())
    page = report_page(gathered, command, store, designs, notes)
    write("report.html", lambda file: file.write(page.encode()))
    return document | {"files": [str(file) for file in files]}


def _pictures(gathered: Gathered, output: Path) -> list[Path]:
    """Write the still pictures, if there is anything to be seen."""
    if not axes_of(gathered):
        return []
    paths = {kind: output / f"front.{kind}" for kind in ("png", "svg")}
    with ExitStack() as stack:
        draw(gathered, {kind: stack.enter_context(whole_file(path, "Report")) for kind, path in paths.items()})
    return list(paths.values())


def _designs(gathered: Gathered, output: Path) -> dict[str, Path]:
    """Write the front's designs as specifications; the recipes of a point share one."""
    found: dict[str, Path] = {}
    for variant in gathered.found.best:
        (output / DESIGNS).mkdir(exist_ok=True)
        name = f"{gathered.space.family}-{variant.point}"
        document = {"family": gathered.space.family, "name": name, "params": dict(variant.params)}
        found[variant.id] = output / DESIGNS / f"{variant.point}.yaml"
        with whole_file(found[variant.id], "Report") as file:
            file.write(yaml.safe_dump(document, sort_keys=False).encode())
    return found
