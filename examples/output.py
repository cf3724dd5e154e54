"""A folder of results that is filled whole or not at all, and what every demo puts into it."""

import json
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from rtloom.errors import InputError, must
from rtloom.figures import Figure

__all__ = ["PICTURE", "RESULTS", "whole_folder", "write_results"]

RESULTS = "results.json"
PICTURE = "results.png"


@contextmanager
def whole_folder(output: Path) -> Iterator[Path]:
    """Give an empty folder; when the block ends well, the files in it move to `output`, replacing those there.

    Entered at the beginning of long work, it also tells at once that the results could not be written.

    Parameters
    ----------
    output
        The folder for the results; made if need be, and gone again if the block fails and it was not there before.

    Yields
    ------
    Path
        Where to put the files.

    Raises
    ------
    InputError
        Where the folder cannot be made or written.
    """
    there = output.exists()
    try:
        output.mkdir(parents=True, exist_ok=True)
        staging = tempfile.TemporaryDirectory(prefix=".rtloom-", dir=output)
    except OSError as error:
        raise _unwritable(output, error) from None
    try:
        with staging as folder:
            yield Path(folder)
            _move(Path(folder), output)
    finally:
        if not there:
            with suppress(OSError):
                output.rmdir()


def write_results(
    folder: Path, results: dict[str, Any], files: Iterable[Path], draw: Callable[[Path], None], started: float
) -> dict[str, Any]:
    """Draw the picture and write the results, with the names of all files and the seconds that the demo took.

    Parameters
    ----------
    folder
        Where to.
    results
        Plain values; ``files`` and ``seconds`` are added.
    files
        Written before: Verilog, manifests and cores.
    draw
        Draws the picture into a file.
    started
        When the demo began, of `time.perf_counter`.

    Returns
    -------
    dict
        What the file holds.
    """
    draw(folder / PICTURE)
    spent = Figure(time.perf_counter() - started, "s", "measured").to_dict()
    whole = results | {"files": [*(path.name for path in files), RESULTS, PICTURE], "seconds": spent}
    (folder / RESULTS).write_text(json.dumps(whole, indent=2) + "\n", encoding="utf-8")
    return whole


def _move(folder: Path, output: Path) -> None:
    """Move all files of a folder."""
    try:
        for path in sorted(folder.iterdir()):
            path.replace(output / path.name)
    except OSError as error:
        raise _unwritable(output, error) from None


def _unwritable(output: Path, error: OSError) -> InputError:
    reason = (error.strerror or str(error)).lower()
    return must("Output", f"be a folder that can be written ({reason})", str(output))
