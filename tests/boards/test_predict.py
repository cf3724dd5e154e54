"""What is foreseen of the clock: levels of netlists, and what a level takes."""

import json

import pytest

from rtloom.boards.flow import predict
from rtloom.boards.flow.depth import CARRY, DSP, ENDS, MEMORY, levels
from rtloom.boards.flow.predict import fit_level_time, level_times, predicted_fmax
from rtloom.boards.flow.top import TOP
from rtloom.errors import CheckError


def netlist(*cells):
    """Return a netlist of cells, each a type and its pins as ``A=1 Z=2`` (``3,4`` for several bits)."""
    found = {}
    for at, (kind, pins) in enumerate(cells):
        nets = {name: [int(bit) for bit in bits.split(",")] for name, bits in (pin.split("=") for pin in pins.split())}
        found[f"c{at}"] = {"type": kind, "connections": nets, "parameters": {}}
    return json.dumps({"modules": {TOP: {"ports": {}, "cells": found}}})


def test_a_lut_is_a_level_between_registers():
    chain = [("TRELLIS_FF", "CLK=1 DI=9 Q=2"), *[("LUT4", f"A={n} B=2 C={n} D={n} Z={n + 1}") for n in range(2, 9)]]
    assert levels("ecp5", netlist(*chain)) == 7 + ENDS
    assert levels("ecp5", netlist(chain[0])) == ENDS
    gowin = netlist(("LUT2", "I0=2 I1=3 F=4"), ("MUX2_LUT5", "I0=4 I1=5 S0=6 O=7"), ("DFFE", "D=7 CLK=1 CE=8 Q=2"))
    assert levels("gowin", gowin) == pytest.approx(1 + CARRY + ENDS)


def test_carry_chains_and_multipliers():
    carries = [("CCU2C", f"A0=1 CIN={n} S0={n + 50} COUT={n + 1}") for n in range(10, 20)]
    assert levels("ecp5", netlist(*carries)) == pytest.approx(1 + 8 * CARRY + 1 + ENDS)
    ice = netlist(("SB_MAC16", "A=2,3 B=4 CLK=1 O=5,6"), ("SB_CARRY", "I0=5 I1=6 CI=7 CO=8"), ("SB_LUT4", "I3=8 O=9"))
    assert levels("ice40", ice) == pytest.approx(DSP + CARRY + 1 + ENDS)
    memory = netlist(("LUT4", "A=2 Z=3"), ("TRELLIS_DPR16X4", "DI=3 WCK=1 RAD=9 DO=4"), ("LUT4", "B=4 Z=5"))
    assert levels("ecp5", memory) == 2 + ENDS  # what is written does not pass through


def mac(selected, **parameters):
    """Return a netlist of a multiplier whose product comes back to it through a LUT."""
    raw = json.loads(netlist(("SB_MAC16", "A=2 B=3 CLK=1 O=4"), ("SB_LUT4", "I0=4 O=2")))
    raw["modules"][TOP]["cells"]["c0"]["parameters"] = {"TOPOUTPUT_SELECT": selected, **parameters}
    return json.dumps(raw)


def test_a_multiplier_with_registers_ends_paths():
    assert levels("ice40", mac("01")) == pytest.approx(1 + DSP + ENDS)
    assert levels("ice40", mac("11", A_REG="1")) == pytest.approx(1 + DSP + ENDS)
    with pytest.raises(CheckError):
        levels("ice40", mac("11"))


def test_control_pins_of_a_multiplier_end_paths():
    """They are looked at with its clock: no signal runs from an enable to the product."""
    ice = netlist(("SB_LUT4", "I0=2 O=3"), ("SB_MAC16", "CE=3 OHOLDTOP=3 ORSTBOT=3 A=4 O=5"), ("SB_LUT4", "I0=5 O=6"))
    assert levels("ice40", ice) == pytest.approx(DSP + 1 + ENDS)
    ecp5 = netlist(("LUT4", "A=2 Z=3"), ("MULT18X18D", "CE0=3 RST0=3 A0=4 P0=5"), ("LUT4", "A=5 Z=6"))
    assert levels("ecp5", ecp5) == pytest.approx(DSP + 1 + ENDS)


def test_a_block_ram_of_ecp5_is_late():
    memory = netlist(("DP16KD", "CLKA=1 DOA0=2 DOB7=3"), ("LUT4", "A=2 B=3 Z=4"))
    assert levels("ecp5", memory) == pytest.approx(MEMORY + 1 + ENDS)


def test_the_first_sum_of_two_does_not_wait_for_the_second():
    assert levels("ecp5", netlist(("CCU2C", "A0=1 A1=2 S0=2 S1=3"))) == pytest.approx(2 + ENDS)


def test_a_loop_is_found():
    with pytest.raises(CheckError, match="Design must be free of combinational loops, but has one"):
        levels("ecp5", netlist(("LUT4", "A=1 B=3 Z=2"), ("LUT4", "A=2 Z=3")))


def test_what_a_level_takes():
    found = fit_level_time([(10, 50e6), (20, 25e6), (5, 100e6)])
    assert (found.ns, found.n, found.error, found.worst) == (2.0, 3, 0.0, 0.0)
    wrong = fit_level_time([(10, 50e6), (20, 25e6), (5, 100e6), (10, 40e6)])
    assert wrong.ns == 2.0
    assert wrong.worst == 25.0


def test_the_clock_foreseen_says_how_far_it_can_be_trusted(monkeypatch):
    monkeypatch.setattr(predict, "level_times", lambda: {"ecp5": fit_level_time([(10, 50e6), (20, 25e6), (4, 110e6)])})
    figure = predicted_fmax("ecp5", netlist(("LUT4", "A=2 Z=3"), ("LUT4", "A=3 Z=4"), ("LUT4", "A=4 Z=5")))
    assert figure.value == pytest.approx(1e9 / (4 * 2.0))
    assert figure.source.startswith("model ±")
    assert "(n = 3, each left out in turn; median" in figure.source
    assert predicted_fmax("ecp5", netlist(("LUT4", "A=1 B=3 Z=2"), ("LUT4", "A=2 Z=3"))) is None
    assert predicted_fmax("ice40", netlist(("SB_LUT4", "I0=1 O=2"))) is None


def test_what_was_measured_is_sound():
    assert {"ice40", "ecp5"} <= set(level_times())
    for time in level_times().values():
        assert time.n >= predict.LEAST
        assert 0.3 < time.ns < 10
        assert time.error <= time.worst
