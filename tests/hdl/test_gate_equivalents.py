"""The built-in library: a liberty file that holds together, and areas that follow from published libraries."""

import statistics

import pytest

from rtloom.hdl.gate_equivalents import GATES, REGISTERS, gate_equivalents
from rtloom.hdl.liberty import load_library
from rtloom.hdl.liberty_function import truth_table

from .liberty_files import PATTERNS, liberty

# Which cells a register of ours stands for: kind and number of inputs, of the smallest such cell.
REGISTER_INPUTS = {"DFF": ("flip-flop", 2), "DLATCH": ("latch", 2), "ICG": ("clock gate", 2)}


def test_it_is_a_whole_library():
    library = gate_equivalents()
    assert library.unit == "GE"
    assert library.nand2_area == 1
    assert library.clock_gate.name == "ICG"
    assert [cell.name for cell in library.cells.values()] == [*(g.name for g in GATES), *(r.name for r in REGISTERS)]
    for gate in GATES:
        cell = library.cells[gate.name]
        assert cell.area == gate.area
        assert truth_table(cell.outputs["Y"], cell.inputs) == truth_table(gate.function, gate.inputs)


@pytest.mark.parametrize("gate", GATES, ids=lambda gate: gate.name)
def test_area_is_the_median_of_published_libraries(gate):
    ratios = []
    for name in PATTERNS:
        library = load_library(liberty(name))
        cell = library.smallest(gate.function, gate.inputs)
        if cell:
            ratios.append(cell.area / library.nand2_area)
    assert round(4 * statistics.median(ratios)) / 4 == gate.area


@pytest.mark.parametrize("name", REGISTER_INPUTS)
def test_area_of_registers_is_the_median_too(name):
    kind, inputs = REGISTER_INPUTS[name]
    ratios = []
    for published in PATTERNS:
        library = load_library(liberty(published))
        cells = [c for c in library.cells.values() if c.kind == kind and "lpflow" not in c.name]
        fitting = [c for c in cells if len(c.inputs) == inputs] or cells
        ratios.append(min(c.area for c in fitting) / library.nand2_area)
    ours = next(register.area for register in REGISTERS if register.name == name)
    assert round(4 * statistics.median(ratios)) / 4 == ours
