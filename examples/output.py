"""A folder of results that is filled whole or not at all."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from rtloom.errors import InputError, must

__all__ = ["whole_folder"]


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
