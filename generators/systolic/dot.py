"""The multipliers of a PE: exact dot products of `reduce` operand pairs, with optional pipeline registers."""

from dataclasses import dataclass

from amaranth.hdl import Module, Value

from ...hdl.arithmetic import adder_tree
from ...hdl.decode import lanes
from ...hdl.delay import registered
from ...hdl.formats import Format, product_range
from ...hdl.packed_multiply import add_with_carry, multiply_packed, split_fields, unfold_operand
from ...hdl.packed_shape import PackedShape
from ...hdl.widths import cut_lanes, exactly
from .params import SystolicParams

__all__ = ["DotShape", "PackedDotShape", "dot_product", "packed_dot_products"]


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


@dataclass(frozen=True)
class PackedDotShape:
    """What the multipliers of a PE of two rows are: each lane one packed product (see `SystolicParams.packed`)."""

    packed: PackedShape
    reduce: int
    pipeline: int

    @classmethod
    def of(cls, params: SystolicParams) -> "PackedDotShape":
        """Return the shape for these parameters."""
        return cls(params.packed, params.reduce, params.pipeline)

    @property
    def a_bits(self) -> int:
        """Bits of operand A of two rows, folded."""
        return self.packed.folded_bits * self.reduce

    @property
    def b_bits(self) -> int:
        """Bits of operand B of one PE."""
        return self.packed.shared.bits * self.reduce


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


def packed_dot_products(m: Module, shape: PackedDotShape, en: Value, a: Value, b: Value) -> tuple[Value, Value, Value]:
    """Return the dot products of two rows, timed as `dot_product`.

    Returns
    -------
    upper, borrow, low
        The product of the first row is `low`; that of the second one is ``upper + borrow``, for an adder that has a
        carry free.
    """
    if shape.pipeline >= 3:
        a, b = registered(m, en, a, "a_q"), registered(m, en, b, "b_q")
    packed = [unfold_operand(shape.packed, lane) for lane in cut_lanes(a, shape.reduce)]
    pairs = zip(packed, cut_lanes(b, shape.reduce), strict=True)
    products = [multiply_packed(shape.packed, x, y) for x, y in pairs]
    if shape.pipeline >= 1:
        products = [registered(m, en, p, f"product_{i}") for i, p in enumerate(products)]
    if shape.reduce == 1:
        # One product stays packed up to the accumulators: a multiplier has registers for it.
        product = registered(m, en, products[0], "dot") if shape.pipeline >= 2 else products[0]
        return split_fields(shape.packed, product)
    upper, borrow, low = _summed([split_fields(shape.packed, p) for p in products])
    if shape.pipeline >= 2:
        upper, low = registered(m, en, upper, "dot_upper"), registered(m, en, low, "dot_low")
        borrow = registered(m, en, borrow, "dot_borrow")
    return upper, borrow, low


def _summed(fields: list[tuple[Value, Value, Value]]) -> tuple[Value, Value, Value]:
    """Add what `split_fields` gave for several products; each adder takes one borrow, and the last one is left."""
    if len(fields) == 1:
        return fields[0]
    half = (len(fields) + 1) // 2
    left, right = _summed(fields[:half]), _summed(fields[half:])
    return add_with_carry(left[0], right[0], left[1]), right[1], left[2] + right[2]
