"""Resizing of values and lanes: the value stays where it fits, its lowest bits where it does not."""

from itertools import product

import pytest
from amaranth.hdl import Cat, Module, Signal, signed, unsigned
from amaranth.lib.wiring import In, Out
from hypothesis import given, settings
from hypothesis import strategies as st

from rtloom.hdl.emit import Shared, emit_verilog
from rtloom.hdl.synth import synthesize
from rtloom.hdl.widths import cut_lanes, extended_lanes, resized

from .bench import evaluate


@pytest.mark.parametrize("is_signed", [False, True])
@pytest.mark.parametrize(("width", "bits"), [*product((1, 2, 4), (1, 2, 3, 4, 5, 9)), (4, 0)])
def test_a_value_is_extended_or_cut_to_a_code(width: int, bits: int, is_signed: bool) -> None:
    low = -(1 << (width - 1)) if is_signed else 0
    values = list(range(low, low + (1 << width)))
    shape = signed(width) if is_signed else unsigned(width)
    got = evaluate(lambda value: resized(value, bits), [shape], [(value,) for value in values])
    assert got == [value & ((1 << bits) - 1) for value in values]


def test_a_code_has_exactly_its_bits_and_no_sign() -> None:
    for shape in (unsigned(3), signed(3), unsigned(0)):
        for bits in (0, 2, 3, 7):
            assert resized(Signal(shape), bits).shape() == unsigned(bits)


@settings(max_examples=25)
@given(lanes=st.integers(1, 5), width=st.integers(1, 6), data=st.data())
def test_lanes_are_equal_parts_the_first_one_lowest(lanes: int, width: int, data: st.DataObject) -> None:
    codes = data.draw(st.lists(st.integers(0, (1 << width) - 1), min_size=lanes, max_size=lanes))
    flat = sum(code << (width * at) for at, code in enumerate(codes))
    for at in range(lanes):
        assert evaluate(lambda v, at=at: cut_lanes(v, lanes)[at], [lanes * width], [(flat,)]) == [codes[at]]


@settings(max_examples=25)
@given(width=st.integers(1, 5), more=st.integers(0, 4), data=st.data())
def test_each_lane_keeps_its_sign(width: int, more: int, data: st.DataObject) -> None:
    low = -(1 << (width - 1))
    numbers = data.draw(st.lists(st.integers(low, -low - 1), min_size=3, max_size=3))
    flat, wide = (
        sum((n & ((1 << bits) - 1)) << (bits * i) for i, n in enumerate(numbers)) for bits in (width, width + more)
    )
    assert evaluate(lambda v: extended_lanes(v, 3, width + more), [3 * width], [(flat,)]) == [wide]


class Wires(Shared):
    """Two lanes cut, extended and resized."""

    def __init__(self) -> None:
        super().__init__({"i": In(8), "o": Out(24)})

    def key(self) -> tuple[object, ...]:
        return ()

    def body(self) -> Module:
        m = Module()
        short = Cat(resized(lane.as_signed(), 3) for lane in cut_lanes(self.i, 2))
        m.d.comb += self.o.eq(Cat(extended_lanes(self.i, 2, 8), resized(short, 8)))
        return m


def test_resizing_costs_no_gates() -> None:
    report = synthesize(emit_verilog(Wires(), "wires").text, "wires")
    assert report["area"].value == 0
    assert report.cells == {}
