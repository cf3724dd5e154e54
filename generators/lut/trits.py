"""Five ternary weights in a byte, taken apart."""

from amaranth.hdl import Cat, Const, Module, Signal
from amaranth.lib.wiring import In, Out

from ...hdl.emit import Shared
from .params import TRITS_PER_BYTE

__all__ = ["TritDecoder"]


class TritDecoder(Shared):
    """Decodes ``sum_i (w_i + 1) * 3**i``, as ternary models are stored (BitNet b1.58); combinational.

    Members
    -------
    i : In(8)
        The byte; codes above 242 give weights that are undefined, but always ternary.
    o : Out
        Two bits a weight, the first weight lowest: 00 for -1, 01 for 0, 11 for +1.
    """

    def __init__(self) -> None:
        super().__init__({"i": In(8), "o": Out(2 * TRITS_PER_BYTE)})

    def key(self) -> tuple[object, ...]:
        """All decoders are the same."""
        return ()

    def label(self) -> str:
        """Return the module's short name."""
        return "trits"

    def body(self) -> Module:
        """Look the byte up, one table for each weight's two bits."""
        m = Module()
        codes = [Signal(2, name=f"weight_{i}") for i in range(TRITS_PER_BYTE)]
        for i, code in enumerate(codes):
            # One constant: simulators would initialise an array of words in every instance.
            thermometer = sum((0, 1, 3)[byte // 3**i % 3] << 2 * byte for byte in range(256))
            m.d.comb += code.eq(Const(thermometer, 512).word_select(self.i, 2))
        m.d.comb += self.o.eq(Cat(codes))
        return m
