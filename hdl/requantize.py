"""Requantisation: bias, integer scale, rounding shift, activation, zero point and clip, one result a cycle."""

from amaranth.hdl import Cat, Const, Module, Mux, Value
from amaranth.lib.wiring import In, Out

from .arithmetic import round_half_even_shift, saturate
from .delay import registered
from .emit import Shared
from .formats import Integer
from .requantize_shape import SHIFT_BITS, RequantizeShape
from .rounding import rounding_shift

__all__ = ["BiasAdd", "Requantize", "RequantizeLane"]


class RequantizeLane(Shared):
    """One requantiser: inputs are taken when their stage needs them, so that the registers around it can be shared.

    Parameters
    ----------
    shape
        What it computes.

    Members
    -------
    en : In(1)
        Every register moves when 1.
    sum, bias : In
        Taken in cycle 0; `bias` only if the shape has one.
    multiplier, shift : In
        Taken in cycle 0, or 1 if there is a bias; the shift is delayed inside.
    activate : In(1)
        Taken with the result of the shift's stage (relu) or one cycle later (squared_relu).
    zero_point : In
        Taken in the last cycle before the result.
    o : Out
        The result.
    """

    def __init__(self, shape: RequantizeShape) -> None:
        self.shape = shape
        members = {"en": In(1), "sum": In(shape.sum_bits)}
        if shape.bias:
            members["bias"] = In(shape.sum_bits)
        members |= {
            "multiplier": In(shape.multiplier_bits),
            "shift": In(SHIFT_BITS),
            "zero_point": In(shape.output.bits),
        }
        if shape.activates:
            members["activate"] = In(1)
        super().__init__(members | {"o": Out(shape.output.bits)})

    def key(self) -> tuple[object, ...]:
        """Return what makes two lanes the same module."""
        return (self.shape,)

    def label(self) -> str:
        """Return the module's short name."""
        return "requantize_lane"

    def body(self) -> Module:
        """Build the pipeline."""
        m = Module()
        shape, en = self.shape, self.en
        total = self.sum.as_signed()
        if shape.bias:
            total = registered(m, en, total + self.bias.as_signed(), "biased")
        product = total * self.multiplier
        product = registered(m, en, product, "product")
        shift = registered(m, en, self.shift, "shift_held")
        result, up = rounding_shift(m, product, shift, shape.clipped_bits)
        if shape.activation == "relu":
            dropped = self.activate & result[-1]
            result, up = Mux(dropped, 0, result).as_signed(), up & ~dropped
        result, up = registered(m, en, result, "floor"), registered(m, en, up, "up")
        if shape.activation == "squared_relu":
            result, up = self._squared(m, result + up), Const(0, 1)
        # The rounding bit enters as a carry: added to itself, one place below.
        offset = Cat(up, self.zero_point)
        total = Cat(up, result).as_signed() + (offset.as_signed() if shape.output.signed else offset)
        total = total[1:].as_signed()
        m.d.comb += self.o.eq(registered(m, en, saturate(total, shape.output), "result"))
        return m

    def _squared(self, m: Module, result: Value) -> Value:
        """Return ``round(q * q / 2**m)`` where active, q being the result clipped to m bits without sign."""
        bits = self.shape.output.hi.bit_length()
        clipped = saturate(result, Integer(bits, is_signed=False))
        square = round_half_even_shift(clipped * clipped, bits)
        return registered(m, self.en, Mux(self.activate, square, result), "activated")


class Requantize(Shared):
    """Requantises a row of sums; all inputs belong to one cycle, the result follows `latency` cycles of `en` later.

    ``o = clip(activation(round_half_even((sum + bias) * multiplier / 2**shift)) + zero_point)``, every step exact;
    ``relu`` is ``max(r, 0)``; ``squared_relu`` is ``round_half_even(q * q / 2**m)`` with q being r clipped to
    0 … 2^m - 1 and m the bit length of the format's largest value. One row a cycle. Registers have no reset.

    Parameters
    ----------
    shape
        What it computes.
    lanes
        Sums of a row.
    shares_scale
        Whether all lanes have the same bias, multiplier and shift: these are then one lane wide.

    Members
    -------
    en : In(1)
        Every register moves when 1.
    sum : In
        Signed sums, lane 0 lowest.
    bias : In
        Signed biases as wide as the sums; only if the shape has a bias.
    multiplier, shift : In
        Unsigned multipliers; shifts of 6 bits.
    zero_point : In
        One for all lanes, in the output format.
    activate : In(1)
        Applies the activation to this row; only if the shape has one.
    o : Out
        Results in the output format, lane 0 lowest.
    """

    def __init__(self, shape: RequantizeShape, lanes: int = 1, shares_scale: bool = False) -> None:
        self.shape, self.lanes, self.shares_scale = shape, lanes, shares_scale
        side = 1 if shares_scale else lanes
        members = {"en": In(1), "sum": In(shape.sum_bits * lanes)}
        if shape.bias:
            members["bias"] = In(shape.sum_bits * side)
        members |= {"multiplier": In(shape.multiplier_bits * side), "shift": In(SHIFT_BITS * side)}
        members["zero_point"] = In(shape.output.bits)
        if shape.activates:
            members["activate"] = In(1)
        super().__init__(members | {"o": Out(shape.output.bits * lanes)})

    @property
    def latency(self) -> int:
        """Cycles of `en` from a row of sums to its results."""
        return self.shape.latency

    def key(self) -> tuple[object, ...]:
        """Return what makes two rows the same module."""
        return (self.shape, self.lanes, self.shares_scale)

    def label(self) -> str:
        """Return the module's short name."""
        return "requantize"

    def body(self) -> Module:
        """Build the lanes and the delays that they share."""
        m = Module()
        shape, en = self.shape, self.en
        begin = int(shape.bias)
        common = {"zero_point": registered(m, en, self.zero_point, "zero_point_held", self.latency - 1)}
        if shape.activates:
            late = begin + (1 if shape.activation == "relu" else 2)
            common["activate"] = registered(m, en, self.activate, "activate_held", late)
        scale = {
            name: registered(m, en, getattr(self, name), f"{name}_held", begin) for name in ("multiplier", "shift")
        }
        if shape.bias:
            scale["bias"] = self.bias
        for i in range(self.lanes):
            lane = RequantizeLane(shape)
            m.submodules[f"lane_{i}"] = lane
            m.d.comb += [lane.en.eq(en), lane.sum.eq(_lane(self.sum, i, len(lane.sum)))]
            m.d.comb += [getattr(lane, name).eq(value) for name, value in common.items()]
            for name, value in scale.items():
                member = getattr(lane, name)
                m.d.comb += member.eq(_lane(value, 0 if self.shares_scale else i, len(member)))
            m.d.comb += _lane(self.o, i, len(lane.o)).eq(lane.o)
        return m


def _lane(vector: Value, index: int, width: int) -> Value:
    """Return one lane of a vector."""
    lane: Value = vector[index * width : (index + 1) * width]
    return lane


class BiasAdd(Shared):
    """Adds a bias to a row of sums, exactly; one row a cycle, the result one cycle of `en` later.

    Parameters
    ----------
    sum_bits
        Bits of a signed sum and of a signed bias.
    lanes
        Sums of a row.
    shares_bias
        Whether all lanes have the same bias, which is then one lane wide.

    Members
    -------
    en : In(1)
        The register moves when 1.
    sum, bias : In
        Signed, lane 0 lowest.
    o : Out
        Signed results of ``sum_bits + 1`` bits, lane 0 lowest.
    """

    latency = 1

    def __init__(self, sum_bits: int, lanes: int = 1, shares_bias: bool = False) -> None:
        self.sum_bits, self.lanes, self.shares_bias = sum_bits, lanes, shares_bias
        side = 1 if shares_bias else lanes
        members = {"en": In(1), "sum": In(sum_bits * lanes), "bias": In(sum_bits * side)}
        super().__init__(members | {"o": Out((sum_bits + 1) * lanes)})

    def key(self) -> tuple[object, ...]:
        """Return what makes two rows the same module."""
        return (self.sum_bits, self.lanes, self.shares_bias)

    def label(self) -> str:
        """Return the module's short name."""
        return "bias_add"

    def body(self) -> Module:
        """Build the adders and their register."""
        m = Module()
        sums = [_lane(self.sum, i, self.sum_bits).as_signed() for i in range(self.lanes)]
        biases = [_lane(self.bias, 0 if self.shares_bias else i, self.sum_bits).as_signed() for i in range(self.lanes)]
        added = Cat(a + b for a, b in zip(sums, biases, strict=True))
        m.d.comb += self.o.eq(registered(m, self.en, added, "biased"))
        return m
