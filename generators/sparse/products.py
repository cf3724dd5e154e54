"""The multipliers of a chain and the sums between its reduction nodes, with a multiplier each or two rows packed."""

from amaranth.hdl import Module, Value

from ...hdl.arithmetic import adder_tree
from ...hdl.decode import lanes
from ...hdl.delay import registered
from .params import SparseParams

__all__ = ["group_sums"]


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
        For each row the activations of all multipliers, side by side.
    weights
        Each row's weights, signed.
    """
    sums = []
    for r, (row, own) in enumerate(zip(operands, weights, strict=True)):
        pairs = zip(lanes(params.a_format, row, params.length), own, strict=True)
        products = [registered(m, en, x * w, f"product_{r}_{q}") for q, (x, w) in enumerate(pairs)]
        groups = [adder_tree(products[at : at + params.group]) for at in range(0, params.length, params.group)]
        sums.append([registered(m, en, total, f"group_{r}_{j}") for j, total in enumerate(groups)])
    return sums
