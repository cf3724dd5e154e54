"""Powers of two with negative exponents: a function for the fraction, a rounding shift for the whole part."""

from amaranth.hdl import Const, Module, Mux, Signal, Value
from amaranth.lib.wiring import In, Out

from ...hdl.delay import registered
from ...hdl.emit import Shared
from ...hdl.piecewise import Piecewise
from ...hdl.piecewise_shape import PiecewiseShape
from ...hdl.polynomial import Polynomial
from .latency import exponential_latency
from .params import AttentionParams

__all__ = ["HALVINGS_BITS", "Exponential"]

HALVINGS_BITS = 5
"""Bits of the whole part of an exponent: with the largest one no weight is left."""


class Exponential(Shared):
    """Gives ``2**-x`` for a fixed-point x of at least 0, 0 where it does not count; one a cycle.

    The latency is `latency.exponential_latency` and one cycle for the shift. Registers have no reset.

    Parameters
    ----------
    params
        The engine's parameters.

    Members
    -------
    en : In(1)
        Every register moves when 1.
    x : In
        Unsigned, of ``logit_integer + 1 + logit_fraction`` bits.
    counts : In(1)
        Belongs to x: without it the weight is 0.
    o : Out
        The weight, of `weight_bits`.
    """

    def __init__(self, params: AttentionParams) -> None:
        self.params = params
        bits = params.maximum_format.bits + params.logit_fraction
        super().__init__({"en": In(1), "x": In(bits), "counts": In(1), "o": Out(params.weight_bits)})

    def key(self) -> tuple[object, ...]:
        """Return what makes two the same module."""
        params = self.params
        return (params.exponential_shape, params.weight_bits, params.logit_integer)

    def label(self) -> str:
        """Return the module's short name."""
        return "exponential"

    def body(self) -> Module:
        """Compute the fraction's power; shift it by the whole part."""
        m = Module()
        params, shape = self.params, self.params.exponential_shape
        m.submodules.power = power = Piecewise(shape) if isinstance(shape, PiecewiseShape) else Polynomial(shape)
        m.d.comb += [power.en.eq(self.en), power.x.eq(self.x[: params.logit_fraction])]
        whole = self.x[params.logit_fraction :]
        clipped = Signal(HALVINGS_BITS, name="halvings")
        m.d.comb += clipped.eq(Mux(whole[HALVINGS_BITS:].any(), Const(-1, HALVINGS_BITS), whole[:HALVINGS_BITS]))
        late = exponential_latency(params)
        halvings = registered(m, self.en, clipped, "halvings_late", late)
        counts = registered(m, self.en, self.counts, "counts_late", late)
        # With the half unit below, one shift gives both the floor and the rounding bit.
        shifted = Signal(params.weight_bits + 1, name="shifted")
        m.d.comb += shifted.eq((power.o << 1) >> halvings)
        rounded: Value = (shifted[1:] + shifted[0])[: params.weight_bits]
        m.d.comb += self.o.eq(registered(m, self.en, Mux(counts, rounded, 0), "weight"))
        return m
