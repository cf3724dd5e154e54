"""What passes along the column segments: tables or activations, and how wide they are; no hardware import."""

from .params import LutParams

__all__ = [
    "carries_tables",
    "exponent_bits",
    "loads_tables",
    "operand_shift",
    "pass_bits",
    "pass_shift",
    "pass_shifts",
    "subtracts",
    "weight_bits",
]


def carries_tables(params: LutParams) -> bool:
    """Whether tables pass from segment to segment, and not activations."""
    return params.unit == "lut" and params.precompute != "private"


def loads_tables(params: LutParams) -> bool:
    """Whether each column sums up and holds tables of its own."""
    return params.unit == "lut" and params.precompute == "private"


def pass_shifts(params: LutParams) -> list[int]:
    """Return by how many places each pass counts more than the first one."""
    shifts = params.code.shifts
    return [shifts[q * params.planes] - shifts[0] for q in range(params.passes)]


def pass_shift(params: LutParams) -> int:
    """Return by how many places a pass counts more than the one before."""
    return pass_shifts(params)[1] if params.passes > 1 else 0


def operand_shift(params: LutParams) -> int:
    """Return how far table entries are shifted up in the last pass; where tables have exponents, these grow instead."""
    return 0 if params.table_scale == "table" or params.unit != "lut" else pass_shifts(params)[-1]


def exponent_bits(params: LutParams) -> int:
    """Return the bits of a table's exponent in the last pass, 0 where tables have none of their own."""
    if params.table_scale != "table":
        return 0
    return (params.ranges.exponent + pass_shifts(params)[-1]).bit_length()


def pass_bits(params: LutParams) -> int:
    """Return the bits of the pass number that columns of adders need to shift their sums, 0 where they need none."""
    return (params.passes - 1).bit_length() if params.unit == "add" and pass_shift(params) else 0


def subtracts(params: LutParams) -> bool:
    """Whether some pass takes a plane with a minus that others do not, so that columns must be told."""
    return params.passes > 1 and any(params.code.negative)


def weight_bits(params: LutParams) -> int:
    """Return the bits of W that a column takes in a cycle."""
    if params.unit == "mac":
        return params.step * params.weight_format.bits
    return params.step * params.planes
