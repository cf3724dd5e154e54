"""The multipliers of a chain and the sums between its reduction nodes, with a multiplier each or two rows packed."""

from amaranth.hdl import Cat, Module, Value

from ...hdl.arithmetic import adder_tree
from ...hdl.decode import lanes
from ...hdl.delay import registered
from ...hdl.packed_multiply import multiply_packed, pack_operands, split_products
from ...hdl.packed_shape import PackedShape
from ...hdl.widths import cut_lanes
from .params import SparseParams

__all__ = ["group_sums", "packed_rows", "packed_shape"]


def packed_shape(params: SparseParams) -> PackedShape:
    """Return what one multiplier holds with packing: two rows' activations times the same weight."""
    return PackedShape(params.a_format, params.a_format, params.weight_format, params.packing, tight=True)


def packed_rows(params: SparseParams, rows: list[Value]) -> list[Value]:
    """Return the activations of each pair of rows, packed multiplier by multiplier; the even row lies low."""
    shape = packed_shape(params)
    packed: list[Value] = []
    for low, high in zip(rows[::2], rows[1::2], strict=True):
        pairs = zip(cut_lanes(high, params.length), cut_lanes(low, params.length), strict=True)
        packed.append(Cat(pack_operands(shape, *pair) for pair in pairs))
    return packed


def group_sums(
    m: Module, params: SparseParams, en: Value, operands: list[Value], weights: list[list[Value]]
) -> list[list[Value]]:
    """Return the registered sum of each group of products, for each row: two cycles of `en` after the operands.

    Parameters
    ----------
    m
        The chain's module.
    params
        The chains' parameters.
    en
        The registers move.
    operands
        For each row, or packed pair of rows, the activations of all multipliers, side by side.
    weights
        Each row's weights, signed.
    """
    rows: list[list[Value]] = []
    for at, operand in enumerate(operands):
        if params.packing:
            rows += _packed(m, params, en, operand, weights[0], at)
        else:
            rows.append(_single(m, params, en, operand, weights[at], at))
    return [
        [registered(m, en, total, f"group_{r}_{j}") for j, total in enumerate(groups)] for r, groups in enumerate(rows)
    ]


def _single(m: Module, params: SparseParams, en: Value, operand: Value, weights: list[Value], row: int) -> list[Value]:
    """Return the groups' sums of a row whose products have a multiplier each."""
    pairs = zip(lanes(params.a_format, operand, params.length), weights, strict=True)
    products = [registered(m, en, x * w, f"product_{row}_{q}") for q, (x, w) in enumerate(pairs)]
    return [adder_tree(products[at : at + params.group]) for at in range(0, params.length, params.group)]


def _packed(
    m: Module, params: SparseParams, en: Value, operand: Value, weights: list[Value], pair: int
) -> list[list[Value]]:
    """Return the groups' sums of a pair of rows: packed products are summed, taken apart, and summed further."""
    shape, terms = packed_shape(params), params.packing
    pairs = zip(cut_lanes(operand, params.length), weights, strict=True)
    products = [
        registered(m, en, multiply_packed(shape, x.as_signed(), w), f"packed_{pair}_{q}")
        for q, (x, w) in enumerate(pairs)
    ]
    apart = [split_products(shape, adder_tree(products[at : at + terms])) for at in range(0, params.length, terms)]
    size = params.group // terms
    return [
        [adder_tree([parts[row] for parts in apart[at : at + size]]) for at in range(0, len(apart), size)]
        for row in (1, 0)
    ]
