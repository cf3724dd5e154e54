"""The designs that the demo runs."""

from dataclasses import dataclass, replace
from typing import Any, cast

import rtloom
from rtloom.errors import must
from rtloom.generators.sparse.params import SparseParams

from .training import PATTERNS

__all__ = ["BITS", "SparseDesign", "layer_designs"]

BITS = (8, 4)
"""Widths of the weights, a design for each."""
LEAST_GROUPS = 4
"""Groups of a chain: with N of a block of 4 they give 1, 2 and 4, with N of a block of 16 they give 4, 8 and 16."""


@dataclass(frozen=True)
class SparseDesign:
    """Chains for layers with weights of one width and one size of blocks.

    Parameters
    ----------
    bits
        Width of the weights.
    spec
        The design.
    """

    bits: int
    spec: rtloom.Spec

    @property
    def params(self) -> SparseParams:
        """The design's parameters."""
        return cast("SparseParams", self.spec.params)


def layer_designs(spec: Any) -> list[SparseDesign]:
    """Return the designs for all patterns and widths: they differ in nothing but these, and have the same multipliers.

    Parameters
    ----------
    spec
        A design of the sparse family with int8 activations and results; block and width of weights are replaced, bias,
        requantisation and ReLU switched on.

    Raises
    ------
    InputError
        Where the design cannot run such layers.
    """
    base = rtloom.load(spec)
    if base.family.name != "sparse":
        raise must("Demo spec", "be of the family sparse", base.family.name)
    params = cast("SparseParams", base.params)
    blocks = sorted({pattern.m for pattern in PATTERNS})
    plain = params.to_dict()
    needed = {"a_format": "int8", "output_format": "int8", "scale_bits": None, "gemv": False, "bitmap": False}
    for name, value in needed.items():
        if plain[name] != value:
            text = "null" if value is None else str(value).lower()
            raise must(f"Demo spec {name}", f"be {text}", plain[name])
    if params.length % blocks[-1]:
        raise must("Demo spec length", f"be a multiple of {blocks[-1]}", params.length)
    if params.panel_rows != LEAST_GROUPS:
        raise must("Demo spec group", f"be length / {LEAST_GROUPS} = {params.length // LEAST_GROUPS}", params.group)
    return [_layer_design(base, block, bits) for bits in BITS for block in blocks]


def _layer_design(base: rtloom.Spec, block: int, bits: int) -> SparseDesign:
    """Return one design under a short name; its parameters stand in the Verilog file and its manifest."""
    whole = base.replace(block=block, weight_bits=str(bits), bias=True, requantize=True, activation="relu")
    params = cast("SparseParams", whole.params)
    name = f"sparse-{params.chains}x{params.length}-m{block}-int{bits}-layer"
    return SparseDesign(bits, replace(whole, name=name, description=""))
