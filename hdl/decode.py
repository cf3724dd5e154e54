"""From wires to numbers: the integer value of a code, and the lanes of a vector."""

from amaranth.hdl import Cat, Const, Value

from .formats import Bipolar, Format

__all__ = ["decode", "lanes"]


def decode(fmt: Format, raw: Value) -> Value:
    """Return the integer that a code stands for; wires only, no gates.

    Parameters
    ----------
    fmt
        The number format.
    raw
        Its code, ``fmt.bits`` bits.

    Returns
    -------
    Value
        Signed where the format has negative values, else unsigned.
    """
    code = Value.cast(raw)[: fmt.bits]
    if isinstance(fmt, Bipolar):
        code = Cat(Const(1, 1), code)
    value: Value = code.as_signed() if fmt.signed else code
    return value


def lanes(fmt: Format, vector: Value, count: int) -> list[Value]:
    """Return the integers of `count` codes that lie side by side, lane 0 in the lowest bits."""
    vector = Value.cast(vector)
    return [decode(fmt, vector[i * fmt.bits : (i + 1) * fmt.bits]) for i in range(count)]
