"""A rounding right shift by a variable distance, only as wide as its saturated result needs."""

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value, signed, unsigned

__all__ = ["rounding_shift"]


def rounding_shift(m: Module, value: Value, shift: Value, bits: int) -> tuple[Value, Value]:
    """Shift right arithmetically, saturating to `bits`; return the floor and whether to round up, halves to even.

    Works from the longest distance to the shortest, so that each level is only as wide as what can still reach the
    result; the bits that fall off below are kept as half and sticky, those cut above as overflow.
    Where it saturates, the rounding bit may be set: a sum of one more is still out of range.
    """
    sign = value[-1]
    half: Value = Const(0, 1)
    sticky, overflow = half, half
    for level in reversed(range(len(shift))):
        distance, taken = 1 << level, shift[level]
        value = _widened(value, distance + 1)
        sticky = _named(m, f"sticky_{distance}", Mux(taken, half | sticky | _any(value[: distance - 1]), sticky))
        half = _named(m, f"half_{distance}", Mux(taken, value[distance - 1], half))
        value = _named(m, f"shifted_{distance}", Mux(taken, value[distance:].as_signed(), value))
        keep = bits + distance - 1
        if len(value) > keep:
            cut = value[keep - 1 :] ^ sign.replicate(len(value) - keep + 1)
            overflow = _named(m, f"overflow_{distance}", overflow | cut.any())
            value = value[:keep].as_signed()
    value = _widened(value, bits)
    limit = Cat((~sign).replicate(bits - 1), sign).as_signed()
    return Mux(overflow, limit, value), half & (sticky | value[0])


def _named(m: Module, name: str, value: Value) -> Signal:
    """Return a signal of that value, so that it is computed and shown once."""
    of = signed if value.shape().signed else unsigned
    named = Signal(of(len(value)), name=name)
    m.d.comb += named.eq(value)
    return named


def _any(bits: Value) -> Value:
    """Return whether one of the bits, of which there may be none, is set."""
    return bits.any() if len(bits) else Const(0, 1)


def _widened(value: Value, bits: int) -> Value:
    """Return a signed value in at least that many bits."""
    missing = max(bits - len(value), 0)
    widened: Value = Cat(value, value[-1].replicate(missing)).as_signed()
    return widened
