"""Tensors that a user gives for an exploration: an .npz file, read without running anything that is in it."""

import zipfile
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError, must

__all__ = ["read_tensors"]


def read_tensors(path: str | Path) -> dict[str, NDArray[Any]]:
    """Return the arrays of an ``.npz`` file by name.

    Raises
    ------
    InputError
        Where there is no such file, it is none, or it holds something else than numbers.
    """
    try:
        with np.load(path, allow_pickle=False) as file:
            found = {name: file[name] for name in file.files}
    except FileNotFoundError:
        raise must("Tensor file", "exist", str(path)) from None
    except (OSError, ValueError, AttributeError, zipfile.BadZipFile) as error:
        raise InputError(f"Tensor file {path} must be an .npz file of numbers: {error}") from None
    for name, array in found.items():
        if array.dtype.kind not in "iuf" or not np.isfinite(array).all() or not array.size:
            raise must(f"Tensor {name} of {path}", "hold finite numbers", array.dtype.name)
    return found
