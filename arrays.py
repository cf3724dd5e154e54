"""Tensors in ``.npz`` files, as ``rtloom run`` takes and gives them."""

import zipfile
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from .errors import InputError, must

__all__ = ["read_tensors", "write_result"]


_ARCHIVE = "be an .npz archive of named arrays, as numpy.savez writes it"


def read_tensors(path: Path) -> dict[str, Any]:
    """Return the arrays of an ``.npz`` file by name; those without axes as plain Python numbers or words.

    Raises
    ------
    InputError
        Where the file is missing, cannot be read, is not an ``.npz`` archive or holds something else than numbers.
    """
    if not path.is_file():
        raise must("Input", "be an existing .npz file", str(path))
    if not zipfile.is_zipfile(path):
        raise must("Input", _ARCHIVE, str(path))
    try:
        with np.load(path) as archive:
            tensors = {name: _array(archive, name, path) for name in archive.files}
    except InputError:
        raise
    except (OSError, EOFError, ValueError, zipfile.BadZipFile):
        raise must("Input", _ARCHIVE, str(path)) from None
    if not tensors:
        raise must("Input", "hold at least one array", str(path))
    return {name: value.item() if value.ndim == 0 else value for name, value in tensors.items()}


def write_result(file: IO[bytes], result: NDArray[Any]) -> None:
    """Write the result of an operation into an open file, as the array ``c`` of a compressed ``.npz`` archive."""
    np.savez_compressed(file, c=result)


def _array(archive: "np.lib.npyio.NpzFile", name: str, path: Path) -> NDArray[Any]:
    """Return one array of the archive, or raise where it holds neither numbers nor one word."""
    try:
        array = np.asarray(archive[name])
    except ValueError:
        raise InputError(f"Array {name!r} of {path} must hold numbers, not Python objects") from None
    word = array.dtype.kind == "U" and array.ndim == 0  # such as the padding "same"
    if array.dtype.kind not in "biuf" and not word:
        raise must(f"Array {name!r} of {path}", "hold numbers", str(array.dtype))
    return array
