"""Exact integer arithmetic: full-width sums and products, and the few ways to narrow them."""

from collections.abc import Sequence

from amaranth.hdl import Cat, Const, Mux, Value

from .formats import Integer

__all__ = ["adder_tree", "multiply_accumulate", "round_half_even_shift", "saturate", "wrap"]


def adder_tree(values: Sequence[Value]) -> Value:
    """Return the exact sum of one or more values as a balanced tree, one bit wider each level."""
    if len(values) == 1:
        return values[0]
    half = (len(values) + 1) // 2
    total: Value = adder_tree(values[:half]) + adder_tree(values[half:])
    return total


def multiply_accumulate(total: Value, a: Value, b: Value) -> Value:
    """Return ``total + a * b`` at full width."""
    accumulated: Value = total + a * b
    return accumulated


def wrap(value: Value, fmt: Integer) -> Value:
    """Return the value of `fmt` that equals `value` modulo ``2 ** fmt.bits``."""
    widened = value if len(value) >= fmt.bits else _extended(value, fmt.bits)
    return _typed(widened[: fmt.bits], fmt)


def saturate(value: Value, fmt: Integer) -> Value:
    """Return the value of `fmt` nearest to `value`; costs nothing where the value always fits."""
    is_signed = value.shape().signed
    payload = fmt.bits - fmt.signed
    low = _extended(value, fmt.bits)[:payload]
    if not is_signed:
        over = value[payload:].any() if len(value) > payload else Const(0, 1)
        return _typed(Cat(low | over.replicate(payload), Const(0, 1))[: fmt.bits], fmt)
    sign = value[-1]
    if not fmt.signed:
        over = value[payload:-1].any() if len(value) - 1 > payload else Const(0, 1)
        return _typed((low | over.replicate(payload)) & (~sign).replicate(payload), fmt)
    if len(value) <= fmt.bits:
        return _typed(Cat(low, sign), fmt)
    fits = (value[payload:-1] ^ sign.replicate(len(value) - 1 - payload)) == 0
    return _typed(Cat(Mux(fits, low, (~sign).replicate(payload)), sign), fmt)


def round_half_even_shift(value: Value, shift: Value | int) -> Value:
    """Return ``value / 2**shift`` rounded to the nearest integer, halves to the even one.

    Parameters
    ----------
    value
        Signed or unsigned.
    shift
        A constant, or an unsigned value: any amount, beyond the width too.

    Returns
    -------
    Value
        One bit wider than the quotient, of the signedness of `value`.
    """
    if isinstance(shift, int):
        return _constant_shift(value, shift)
    most = (1 << len(shift)) - 1
    # Below the point stand as many bits as can be shifted out.
    widened = Cat(Const(0, most), value)
    widened = (widened.as_signed() if value.shape().signed else widened) >> shift
    return _constant_shift(widened, most)


def _constant_shift(value: Value, shift: int) -> Value:
    """Round away the lowest `shift` bits."""
    if shift == 0:
        return value
    value = _extended(value, shift + 1)
    value = value.as_signed() if value.shape().signed else value
    quotient = value >> shift
    up = value[shift - 1] & (quotient[0] | value[: shift - 1].any())
    rounded: Value = quotient + up
    return rounded


def _extended(value: Value, bits: int) -> Value:
    """Return `value` with at least that many bits, its sign kept."""
    missing = bits - len(value)
    if missing <= 0:
        return value
    is_signed = value.shape().signed
    extended: Value = Cat(value, value[-1].replicate(missing) if is_signed else Const(0, missing))
    if is_signed:
        extended = extended.as_signed()
    return extended


def _typed(code: Value, fmt: Integer) -> Value:
    """Read a code as signed or unsigned."""
    value: Value = code.as_signed() if fmt.signed else code
    return value
