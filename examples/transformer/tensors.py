"""Tensors of safetensors files, read one at a time as float32."""

import json
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rtloom.errors import must

from ..packages import require

__all__ = ["EXTRA", "FloatArray", "TensorFiles"]

FloatArray = NDArray[np.float32]
EXTRA = "examples"
"""The extra that brings the packages which models are read with."""
FORMATS = ("F64", "F32", "F16", "BF16")


@dataclass(frozen=True)
class TensorFiles:
    """The tensors of one or more files; opening reads the headers only.

    Parameters
    ----------
    files
        Safetensors files, no name in two of them.
    """

    files: tuple[Path, ...]

    @cached_property
    def places(self) -> dict[str, Path]:
        """The file of each tensor, by name.

        Raises
        ------
        InputError
            Where a file cannot be read, is no safetensors file, or repeats a tensor of another.
        ToolError
            Where the package safetensors is not installed.
        """
        places: dict[str, Path] = {}
        for path in self.files:
            with _opened(path) as file:
                names = file.keys()
                for name in names:
                    if name in places:
                        where = f"{places[name].name} and {path.name}"
                        raise must(f"Transformer tensor {name}", "stand in one file only", where)
                    places[name] = path
        return places

    def __contains__(self, name: str) -> bool:
        return name in self.places

    def shape(self, name: str) -> tuple[int, ...]:
        """Return the shape of a tensor that is there, without reading it."""
        with _opened(self.places[name]) as file:
            return tuple(file.get_slice(name).get_shape())

    def read(self, name: str) -> FloatArray:
        """Return a tensor that is there as float32.

        Raises
        ------
        InputError
            Where it is of another format than F64, F32, F16 or BF16, or holds infinities or NaNs.
        """
        path = self.places[name]
        with _opened(path) as file:
            form = file.get_slice(name).get_dtype()
            if form not in FORMATS:
                raise must(f"Transformer tensor {name}", f"be {', '.join(FORMATS[:-1])} or {FORMATS[-1]}", form)
            raw = _read_bfloat16(path, name) if form == "BF16" else file.get_tensor(name)
        tensor: FloatArray = np.asarray(raw, dtype=np.float32)
        if not np.isfinite(tensor).all():
            raise must(f"Transformer tensor {name}", "hold finite numbers", float(tensor[~np.isfinite(tensor)][0]))
        return tensor


def _opened(path: Path) -> Any:
    """Open a file, which checks its header."""
    safetensors = require("safetensors", EXTRA)
    if not path.is_file():
        raise must("Transformer weights", "be an existing safetensors file or folder with such files", str(path))
    try:
        return safetensors.safe_open(path, framework="numpy")
    except (OSError, safetensors.SafetensorError) as error:
        reason = " ".join(str(error).split())
        raise must("Transformer weights", f"be a readable safetensors file ({reason})", str(path)) from None


def _read_bfloat16(path: Path, name: str) -> FloatArray:
    """Return a tensor whose format NumPy lacks: the upper halves of float32. The header was checked on opening."""
    with path.open("rb") as file:
        size = int.from_bytes(file.read(8), "little")
        entry = json.loads(file.read(size))[name]
        begin, end = entry["data_offsets"]
        file.seek(8 + size + begin)
        halves = np.frombuffer(file.read(end - begin), dtype="<u2")
    return (halves.astype(np.uint32) << 16).view(np.float32).reshape(entry["shape"])
