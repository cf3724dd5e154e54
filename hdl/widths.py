"""Values and vectors of values brought to other widths: wires only, no gates."""

from amaranth.hdl import Cat, Const, Value

from .formats import width_of

__all__ = ["cut_lanes", "exactly", "extended_lanes", "resized"]


def exactly(value: Value, lo: int, hi: int) -> Value:
    """Return a value in the fewest bits for ``[lo, hi]``, where it is known to lie."""
    bits, is_signed = width_of(lo, hi)
    code = resized(value, bits)
    return code.as_signed() if is_signed else code


def resized(value: Value, bits: int) -> Value:
    """Return a value as a code of exactly `bits` bits: extended by its sign or by zeros, or its lowest bits."""
    code = Value.cast(value)
    missing = bits - len(code)
    fill = code[-1] if len(code) and code.shape().signed else Const(0, 1)
    sized: Value = Cat(code, fill.replicate(missing)) if missing > 0 else code[:bits]
    return sized


def cut_lanes(vector: Value, lanes: int) -> list[Value]:
    """Cut a flat vector into so many equal lanes, lane 0 lowest."""
    bits = len(vector) // lanes
    return [vector[at : at + bits] for at in range(0, bits * lanes, bits)]


def extended_lanes(vector: Value, lanes: int, width: int) -> Value:
    """Sign-extend each lane of a flat vector to `width` bits."""
    wide: Value = Cat(resized(lane.as_signed(), width) for lane in cut_lanes(vector, lanes))
    return wide
