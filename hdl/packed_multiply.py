"""Two products in one wide multiplier: packing operands, taking products apart exactly, and a unit that does both."""

from amaranth.hdl import Cat, Const, Module, Value
from amaranth.lib.wiring import In, Member, Out

from ..errors import must
from .decode import decode
from .delay import registered
from .emit import Shared
from .formats import width_of
from .packed_shape import PackedShape
from .widths import exactly, resized

__all__ = [
    "PackedMultiply",
    "PackedSplit",
    "add_with_carry",
    "fold_operands",
    "multiply_packed",
    "pack_operands",
    "split_fields",
    "split_products",
    "unfold_operand",
]


def fold_operands(shape: PackedShape, high: Value, low: Value) -> Value:
    """Return the codes of two operands as the packed operand without copied bits: one subtraction of one.

    Parameters
    ----------
    shape
        Formats and spacing.
    high, low
        Codes of the two operands.

    Returns
    -------
    Value
        `shape.folded_bits` bits, for registers and long ways; all zero where both operands are zero.
    """
    below, above = decode(shape.low, low), decode(shape.high, high)
    upper = above - below[-1] if shape.low.signed else above
    folded: Value = Cat(resized(below, _low_bits(shape)), resized(upper, width_of(*shape.upper_range)[0]))
    return folded


def unfold_operand(shape: PackedShape, folded: Value) -> Value:
    """Return the packed operand, ``(high << spacing) + low``; wires only, no gates."""
    bits = _low_bits(shape)
    below = folded[:bits].as_signed() if shape.low.signed else folded[:bits]
    packed: Value = Cat(resized(below, shape.spacing), folded[bits:])
    return packed.as_signed() if shape.upper_range[0] < 0 else packed


def pack_operands(shape: PackedShape, high: Value, low: Value) -> Value:
    """Return ``(high << spacing) + low`` of two codes, exact in `shape.operand_bits` bits."""
    return unfold_operand(shape, fold_operands(shape, high, low))


def multiply_packed(shape: PackedShape, packed: Value, shared: Value) -> Value:
    """Return a packed operand times the code of the shared one: two products, exact in `shape.product_bits` bits."""
    return exactly(packed * decode(shape.shared, shared), *shape.product_range)


def split_fields(shape: PackedShape, product: Value) -> tuple[Value, Value, Value]:
    """Take a sum of packed products apart, the correction left to an adder that has a carry free.

    Parameters
    ----------
    shape
        Formats, spacing and terms.
    product
        The sum, at least `shape.product_bits` bits.

    Returns
    -------
    upper, borrow, low
        The high sum is ``upper + borrow``; the low one is exact.
    """
    code, (lo, hi) = Value.cast(product)[: shape.product_bits], shape.low_range
    field, upper = code[: shape.spacing], code[shape.spacing :]
    if shape.product_range[0] < 0:
        upper = upper.as_signed()
    if lo >= 0:
        return upper, Const(0, 1), field
    # Where a signed number of this width does not hold all sums, those beyond it have the codes that are left.
    borrow = field[-1] if width_of(lo, hi)[0] <= shape.spacing else field > hi
    return upper, borrow, exactly(Cat(field, borrow), lo, hi)


def split_products(shape: PackedShape, product: Value) -> tuple[Value, Value]:
    """Return the high and the low sum of a sum of packed products, both exact; see `split_fields`."""
    upper, borrow, low = split_fields(shape, product)
    return exactly(upper + borrow, *shape.high_range), low


def add_with_carry(left: Value, right: Value, carry: Value) -> Value:
    """Return the exact sum of two values and a bit, which enters the adder's lowest place as its carry."""
    raised = [Cat(carry, value).as_signed() if value.shape().signed else Cat(carry, value) for value in (left, right)]
    total = raised[0] + raised[1]
    added: Value = total[1:].as_signed() if total.shape().signed else total[1:]
    return added


class PackedSplit(Shared):
    """Takes a sum of up to `shape.terms` packed products apart, exactly; combinational.

    Parameters
    ----------
    shape
        Formats, spacing and terms.

    Members
    -------
    product : In
        The sum, `shape.product_bits` bits.
    high, low : Out
        The sums of high and of low products, each as wide as its range.
    """

    def __init__(self, shape: PackedShape) -> None:
        self.shape = shape
        super().__init__({"product": In(shape.product_bits), **_outputs(shape)})

    def key(self) -> tuple[object, ...]:
        """Return the shape."""
        return (self.shape,)

    def label(self) -> str:
        """Return the module's short name."""
        return "packed_split"

    def body(self) -> Module:
        """Split."""
        m = Module()
        high, low = split_products(self.shape, self.product)
        m.d.comb += [self.high.eq(high), self.low.eq(low)]
        return m


class PackedMultiply(Shared):
    """Multiplies two operands by a shared one in one multiplier; one pair of products a cycle, latency `pipeline`.

    Registers have no reset; where a multiplier has registers of its own, synthesis takes those.

    Fu et al., "Deep learning with INT8 optimization on Xilinx devices", Xilinx WP486, 2017.

    Parameters
    ----------
    shape
        Formats; one term.
    pipeline
        Registers, 0 to 3, as they come: the packed product, the operands, both products.

    Members
    -------
    en : In(1)
        Every register moves when 1; absent without registers.
    high, low, shared : In
        Codes of the operands.
    high_product, low_product : Out
        Exact products, each as wide as its range.

    Raises
    ------
    InputError
        Where the shape has more terms, or the registers are too many.
    """

    def __init__(self, shape: PackedShape, pipeline: int = 2) -> None:
        if shape.terms != 1:
            raise must("PackedMultiply terms", "be 1", shape.terms)
        if not 0 <= pipeline <= 3:
            raise must("PackedMultiply pipeline", "be between 0 and 3", pipeline)
        self.shape, self.pipeline = shape, pipeline
        members = {name: In(getattr(shape, name).bits) for name in ("high", "low", "shared")}
        outputs = {f"{name}_product": width for name, width in _outputs(shape).items()}
        super().__init__(({"en": In(1)} if pipeline else {}) | members | outputs)

    def key(self) -> tuple[object, ...]:
        """Return what makes two units the same module."""
        return (self.shape, self.pipeline)

    def label(self) -> str:
        """Return the module's short name."""
        return "packed_multiply"

    def body(self) -> Module:
        """Pack, multiply, take apart."""
        m = Module()
        shape, en = self.shape, self.en if self.pipeline else Const(1, 1)
        # Registered as the multiplier takes it, copies of a sign included, so that its own registers can be used.
        operand, shared = pack_operands(shape, self.high, self.low), self.shared
        if self.pipeline >= 2:
            operand, shared = registered(m, en, operand, "operand"), registered(m, en, shared, "shared_q")
        product = multiply_packed(shape, operand, shared)
        if self.pipeline >= 1:
            product = registered(m, en, product, "product")
        high, low = split_products(shape, product)
        if self.pipeline >= 3:
            high, low = registered(m, en, high, "high_q"), registered(m, en, low, "low_q")
        m.d.comb += [self.high_product.eq(high), self.low_product.eq(low)]
        return m


def _outputs(shape: PackedShape) -> dict[str, Member]:
    """Return the members `high` and `low` for both sums."""
    return {"high": Out(width_of(*shape.high_range)[0]), "low": Out(width_of(*shape.low_range)[0])}


def _low_bits(shape: PackedShape) -> int:
    """Return the bits of the value of `low`."""
    return width_of(shape.low.lo, shape.low.hi)[0]
