"""The multipliers of a PE: an exact dot product of `reduce` operand pairs, with optional pipeline registers."""

from dataclasses import dataclass

from amaranth.hdl import Module, Value

from ...hdl.arithmetic import adder_tree
from ...hdl.decode import lanes
from ...hdl.delay import registered
from ...hdl.formats import Format, product_range
from ...hdl.widths import exactly
from .params import SystolicParams

__all__ = ["DotShape", "dot_product"]


@dataclass(frozen=True)
class DotShape:
    """What the multipliers of a PE are: formats, products per cycle and pipeline registers (see `SystolicParams`)."""

    a_format: Format
    b_format: Format
    reduce: int
    pipeline: int

    @classmethod
    def of(cls, params: SystolicParams) -> "DotShape":
        """Return the shape for these parameters."""
        return cls(params.a_wire, params.b_wire, params.reduce, params.pipeline)

    @property
    def a_bits(self) -> int:
        """Bits of operand A of one PE."""
        return self.a_format.bits * self.reduce

    @property
    def b_bits(self) -> int:
        """Bits of operand B of one PE."""
        return self.b_format.bits * self.reduce

    def __repr__(self) -> str:
        return f"{self.a_format} x {self.b_format}, reduce={self.reduce}, pipeline={self.pipeline}"


def dot_product(m: Module, shape: DotShape, en: Value, a: Value, b: Value) -> Value:
    """Return the sum of the lanes' products, `shape.pipeline` cycles of `en` later, in the fewest bits that are exact.

    Stages, as `pipeline` grows: after the products, after their sum, after the operands.
    """
    if shape.pipeline >= 3:
        a, b = registered(m, en, a, "a_q"), registered(m, en, b, "b_q")
    lo, hi = product_range(shape.a_format, shape.b_format)
    pairs = zip(lanes(shape.a_format, a, shape.reduce), lanes(shape.b_format, b, shape.reduce), strict=True)
    products = [exactly(x * y, lo, hi) for x, y in pairs]
    if shape.pipeline >= 1:
        products = [registered(m, en, p, f"product_{i}") for i, p in enumerate(products)]
    total = exactly(adder_tree(products), lo * shape.reduce, hi * shape.reduce)
    return registered(m, en, total, "dot") if shape.pipeline >= 2 else total
