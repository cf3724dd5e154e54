"""Which sums a design holds, from its formats alone, and the proof by exact arithmetic that registers fit them."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from ...generators.attention.params import AttentionParams
from ...generators.lut.params import LutParams
from ...generators.sparse.params import SparseParams
from ...generators.spec import Spec
from ...generators.systolic.params import SystolicParams
from ...generators.vector.norm_shape import NormShape
from ...generators.vector.params import NORMS, VectorParams
from ...generators.vector.softmax_shape import SoftmaxShape
from ...hdl.number_format import Format
from .proof import Proof

__all__ = ["Sum", "prove_sums", "sums_of"]

Bounds = tuple[int, int]


@dataclass(frozen=True)
class Sum:
    """A sum and the register that holds it.

    Parameters
    ----------
    name
        What is summed up.
    terms
        How many values at most.
    lo, hi
        Bounds of one of them.
    bits
        Of the register.
    signed
        Whether it is two's complement.
    module
        Short name of the modules that hold such registers, where they add up in place.
    """

    name: str
    terms: int
    lo: int
    hi: int
    bits: int
    signed: bool = True
    module: str | None = None

    @property
    def bounds(self) -> Bounds:
        """Smallest and largest sum of at most so many values."""
        return min(self.lo * self.terms, 0), max(self.hi * self.terms, 0)

    @property
    def fits(self) -> bool:
        """Whether the register holds every such sum."""
        least = -(1 << (self.bits - 1)) if self.signed else 0
        most = (1 << (self.bits - self.signed)) - 1
        return least <= self.bounds[0] and self.bounds[1] <= most

    def __str__(self) -> str:
        lo, hi = self.bounds
        return f"{self.name}: {self.terms} x [{self.lo}, {self.hi}] = [{lo}, {hi}] in {self.bits} bits"


def products(a: Format, b: Format) -> Bounds:
    """Return the smallest and the largest product of two formats' values."""
    corners = [x * y for x in (a.lo, a.hi) for y in (b.lo, b.hi)]
    return min(corners), max(corners)


def _systolic(params: SystolicParams) -> list[Sum]:
    if params.overflow != "exact":
        return []
    bounds = products(params.a_wire, params.b_wire)
    module = None if params.stationary else "pe"
    return [Sum("products", params.max_reduction, *bounds, params.sum_bits, module=module)]


def _sparse(params: SparseParams) -> list[Sum]:
    bounds = products(params.a_format, params.weight_format)
    return [Sum("products", params.max_reduction, *bounds, params.sum_bits, module="chain")]


def _lut(params: LutParams) -> list[Sum]:
    # What a lane adds up are codes of planes, so its bounds are those that the generator derives.
    lane = params.ranges.lane
    sums = [Sum("a lane", 1, lane.lo, lane.hi, params.lane_bits, module="column")]
    if params.ranges.exponent or params.has_scales or params.accumulator_bits:
        # Rounded tables and group scales: bounds follow from roundings, not from formats.
        return sums
    bounds = products(params.a_format, params.weight_format)
    return [Sum("products", params.max_reduction, *bounds, params.sum_bits), *sums]


def _attention(params: AttentionParams) -> list[Sum]:
    scores = products(params.q_format, params.operand_format)
    fractions = np.arange(1 << params.logit_fraction, dtype=np.int64)
    heaviest = int(params.exponential_shape.evaluate(fractions).max())
    values = params.operand_format
    return [
        Sum("score", params.e, *scores, params.score_bits),
        Sum("weights", params.max_length, 0, heaviest, params.sum_bits, signed=False),
        Sum(
            "weighted values",
            params.max_length,
            heaviest * values.lo,
            heaviest * values.hi,
            params.accumulator_bits,
        ),
    ]


def _vector(params: VectorParams) -> list[Sum]:
    x = params.x_format
    if params.unit in NORMS:
        shape, largest = NormShape(params), max(x.lo * x.lo, x.hi * x.hi)
        squares = Sum("squares", params.max_length, 0, largest, shape.square_bits, signed=False)
        elements = Sum("elements", params.max_length, x.lo, x.hi, shape.sum_format.bits)
        return [elements, squares] if shape.centres else [squares]
    if params.unit == "softmax":
        lengthened = SoftmaxShape(params)
        terms = -(-params.max_length // params.lanes) * params.lanes
        return [Sum("powers", terms, 0, 1 << lengthened.power_bits, lengthened.sum_bits, signed=False)]
    return []


_FAMILIES: dict[type, Callable[[Any], list[Sum]]] = {
    SystolicParams: _systolic,
    SparseParams: _sparse,
    LutParams: _lut,
    AttentionParams: _attention,
    VectorParams: _vector,
}


def sums_of(spec: Spec) -> list[Sum]:
    """Return the sums of a design that must be exact; none where it has none, or wraps or saturates by choice."""
    of = _FAMILIES.get(type(spec.params))
    return of(spec.params) if of else []


def prove_sums(spec: Spec) -> Proof:
    """Prove by arithmetic that every sum fits its register."""
    begin, sums = time.monotonic(), sums_of(spec)
    wrong = [each for each in sums if not each.fits]
    return Proof(
        "sums",
        "no accumulator overflows: the largest sum that the parameters allow fits its register",
        "interval arithmetic",
        "failed" if wrong else "proven",
        seconds=time.monotonic() - begin,
        note="; ".join(map(str, wrong or sums)),
    )
