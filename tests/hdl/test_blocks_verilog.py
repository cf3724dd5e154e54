"""The blocks as Verilog: two readers have nothing to say about any of them, and the registers that options cost."""

import json

import pytest
from amaranth.hdl import unsigned
from amaranth.lib import data

from rtloom.hdl.axi_lite import AxiLiteBank, Register
from rtloom.hdl.delay import Delay
from rtloom.hdl.emit import emit_verilog
from rtloom.hdl.formats import Integer
from rtloom.hdl.memory import DualPortMemory
from rtloom.hdl.requantize import BiasAdd, Requantize
from rtloom.hdl.requantize_shape import RequantizeShape
from rtloom.hdl.stream_routes import Fork, Join, WidthConverter
from rtloom.hdl.streams import Queue, RegisterSlice, SkidBuffer
from rtloom.hdl.yosys import run_yosys
from rtloom.sim.lint import lint

BEAT = data.StructLayout({"data": unsigned(12), "last": 1})
BANK = [Register(access, 4 * n, access, 20 + n) for n, access in enumerate(("read", "write", "pulse", "count"))]
INT8 = Integer(8)
BLOCKS = {
    "register_slice": RegisterSlice(BEAT),
    "skid_buffer": SkidBuffer(BEAT),
    "block_queue": Queue(BEAT, 9),
    "queue": Queue(BEAT, 5, block=False),
    "fork": Fork(BEAT, 3),
    "join": Join({"a": BEAT, "b": unsigned(3)}),
    "widen": WidthConverter(5, 2, 6),
    "narrow": WidthConverter(5, 4, 1, last=False),
    "delay": Delay(7, 3),
    "memory_old": DualPortMemory(9, 12),
    "memory_new": DualPortMemory(9, 12, meets="new"),
    "memory_never": DualPortMemory(9, 12, meets="never"),
    "axi_lite": AxiLiteBank(BANK, address_bits=6),
    "bias_add": BiasAdd(20, 3),
    "requantize": Requantize(RequantizeShape(20, INT8), 2),
    "requantize_relu": Requantize(RequantizeShape(20, INT8, bias=True, activation="relu"), 2, shares_scale=True),
    "requantize_square": Requantize(RequantizeShape(32, Integer(4, is_signed=False), 12, activation="squared_relu"), 2),
}


@pytest.mark.parametrize("name", BLOCKS)
def test_a_block_is_clean_verilog(name) -> None:
    report = lint(emit_verilog(BLOCKS[name], f"a_{name}").text, f"a_{name}")
    assert report.clean, [str(finding) for finding in report.findings]


def registers(shape: RequantizeShape, folder) -> int:
    """Return the register bits of one lane."""
    (folder / "t.v").write_text(emit_verilog(Requantize(shape), "t").text)
    passes = ["read_verilog t.v", "prep -flatten -top t", "opt -full", "simplemap t:$*dff*", "opt_clean"]
    run_yosys([*passes, "tee -q -o t.json stat -json"], directory=folder)
    cells = json.loads((folder / "t.json").read_text())["design"]["num_cells_by_type"]
    return sum(number for cell, number in cells.items() if "dff" in cell.lower())


def test_a_requantiser_has_the_registers_of_its_options_only(tmp_path) -> None:
    plain = registers(RequantizeShape(20, INT8, 16), tmp_path)
    # Product, shift, clipped floor with its rounding bit, zero point twice, result.
    assert plain == (20 + 16) + 6 + (9 + 1) + 2 * 8 + 8
    relu = registers(RequantizeShape(20, INT8, 16, activation="relu"), tmp_path)
    assert relu == plain + 1
    bias = registers(RequantizeShape(20, INT8, 16, bias=True), tmp_path)
    # A biased sum and a product one bit wider, and what waits one cycle longer: multiplier, shift, zero point.
    assert bias == plain + 21 + 1 + 16 + 6 + 8


def test_blocks_are_called_what_they_are() -> None:
    assert {name: block.label() for name, block in BLOCKS.items()} == {
        "register_slice": "register_slice",
        "skid_buffer": "skid_buffer",
        "block_queue": "queue_9",
        "queue": "queue_5",
        "fork": "fork_3",
        "join": "join_2",
        "widen": "convert_2_to_6",
        "narrow": "convert_4_to_1",
        "delay": "delay_3",
        "memory_old": "memory_12x9",
        "memory_new": "memory_12x9",
        "memory_never": "memory_12x9",
        "axi_lite": "axi_lite_bank",
        "bias_add": "bias_add",
        "requantize": "requantize",
        "requantize_relu": "requantize",
        "requantize_square": "requantize",
    }
