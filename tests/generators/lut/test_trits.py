"""Five weights in a byte come out as they went in, whichever of the 243 bytes it is."""

from itertools import product

from amaranth.hdl import Module

from rtloom.generators.lut.trits import TritDecoder
from rtloom.hdl.emit import emit_verilog
from rtloom.sim.lint import lint

from .circuits import settled

THERMOMETER = {-1: 0b00, 0: 0b01, 1: 0b11}


def decoded(codes: range | list[int]) -> list[list[int]]:
    """Return the five codes of two bits that each byte gives."""
    m = Module()
    m.submodules.unit = unit = TritDecoder()
    return settled(m, [unit.i], [unit.o[at : at + 2] for at in range(0, 10, 2)], [(code,) for code in codes])


def test_every_byte_of_five_weights() -> None:
    groups = list(product((-1, 0, 1), repeat=5))
    codes = [sum((w + 1) * 3**i for i, w in enumerate(weights)) for weights in groups]
    assert sorted(codes) == list(range(243))
    assert decoded(codes) == [[THERMOMETER[w] for w in weights] for weights in groups]


def test_other_bytes_are_ternary_too() -> None:
    """13 bytes stand for no weights; what comes out is one of three codes all the same, never the fourth."""
    codes = decoded(range(243, 256))
    assert len(codes) == 13
    assert {code for row in codes for code in row} <= set(THERMOMETER.values())


def test_all_decoders_are_one_clean_module() -> None:
    assert TritDecoder().key() == TritDecoder().key()
    report = lint(emit_verilog(TritDecoder(), "trits").text, "trits")
    assert report.clean, [str(finding) for finding in report.findings]
