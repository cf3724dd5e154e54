"""Technologies: the built-in library's power and its nodes, each number derived again from published libraries."""

from statistics import fmean, median

import pytest

from rtloom.dse.technology import CELLS, NODES, node_of, technology
from rtloom.errors import InputError
from rtloom.hdl.gate_equivalents import GATES, REGISTERS
from rtloom.hdl.liberty import load_library
from rtloom.hdl.liberty_power import load_power

from ..hdl.liberty_files import PATTERNS, liberty

# Which cells a register of ours stands for: kind, and names of its data or enable pin in the three libraries.
KINDS = {"DFF": ("flip-flop", ("D",)), "ICG": ("clock gate", ("GATE", "ENA"))}


@pytest.fixture(scope="module")
def published():
    libraries = [load_library(liberty(name)) for name in PATTERNS]
    return [(library, load_power(library)) for library in libraries]


def twentieths(rows):
    return tuple(round(20 * median(column)) / 20 for column in zip(*rows, strict=True))


def nand(library, power):
    cell = power.cells[library.smallest("(A B)'", "AB").name]
    return fmean(cell.output_energy.values()), fmean(cell.capacitance.values()), cell.leakage


@pytest.mark.parametrize("gate", GATES, ids=lambda gate: gate.name)
def test_power_of_gates_is_the_median_of_published_libraries(gate, published):
    rows = []
    for library, power in published:
        energy, farads, watts = nand(library, power)
        cell = library.smallest(gate.function, gate.inputs)
        if cell:
            facts = power.cells[cell.name]
            inside = fmean(facts.output_energy.values()) / energy
            rows.append((inside, fmean(facts.capacitance.values()) / farads, facts.leakage / watts))
            rows[-1] += (fmean(facts.input_energy.values()) / energy,)
    ours = CELLS[gate.name]
    assert twentieths(rows) == (ours.output, ours.capacitance, ours.leakage, ours.input)


@pytest.mark.parametrize("name", KINDS)
def test_power_of_registers_is_the_median_too(name, published):
    kind, pins = KINDS[name]
    rows = []
    for library, power in published:
        energy, farads, watts = nand(library, power)
        cells = [c for c in library.cells.values() if c.kind == kind and "lpflow" not in c.name]
        fitting = [c for c in cells if len(c.inputs) == 2] or cells
        cell = min(fitting, key=lambda c: (c.area, c.name))
        facts = power.cells[cell.name]
        data = next(pin for pin in cell.inputs if pin in pins)
        (clock,) = facts.clock_energy
        row = (fmean(facts.output_energy.values()) / energy, facts.capacitance[data] / farads, facts.leakage / watts)
        rows.append(
            (
                *row,
                facts.input_energy[data] / energy,
                facts.clock_energy[clock] / energy,
                facts.capacitance[clock] / farads,
            )
        )
    ours = CELLS[name]
    wanted = (ours.output, ours.capacitance, ours.leakage, ours.input, ours.clock, ours.clock_capacitance)
    assert twentieths(rows) == wanted


@pytest.mark.parametrize("name", PATTERNS)
def test_anchors_of_the_nodes(name):
    found = technology(liberty(name)).node
    ours = NODES[name]
    for key in ("voltage", "area", "energy", "capacitance", "leakage", "delay"):
        assert float(f"{getattr(found, key):.3g}") == getattr(ours, key), key
    assert ours.switched == pytest.approx(found.switched, rel=0.01)


def test_switched_energy_counts_two_loads():
    node = NODES["sky130"]
    assert node.switched == pytest.approx(3.69 + 0.5 * (2 * 2.32) * 1.8**2)


@pytest.mark.parametrize("node", NODES)
def test_built_in_cells_are_as_large_as_the_anchor_says(node):
    built_in = technology(node=node)
    anchor = NODES[node]
    assert built_in.name == f"built-in at {node}"
    assert built_in.library.unit == "GE"
    assert built_in.level_delay_ps == anchor.delay
    assert built_in.power.voltage == anchor.voltage
    assert anchor.source in built_in.source
    again = node_of(built_in.library, built_in.power)
    assert (again.energy, again.capacitance, again.leakage) == pytest.approx(
        (anchor.energy, anchor.capacitance, anchor.leakage)
    )
    register = built_in.power.cells["DFF"]
    assert register.flip_flop.data == "D"
    assert register.clock_energy["CK"] == pytest.approx(11.75 * anchor.energy * 1e-15)
    assert register.capacitance["CK"] == pytest.approx(0.95 * anchor.capacitance * 1e-15)


def test_every_built_in_cell_that_designs_are_mapped_to_has_power():
    # designs reset at the clock, so that nothing maps to latches and asynchronous registers
    never = {"DFFR", "DFFS", "DLATCH"}
    assert set(CELLS) == {g.name for g in GATES} | {r.name for r in REGISTERS} - never


def test_a_node_that_is_not_there():
    with pytest.raises(InputError, match=r"^Technology node must be one of asap7, sky130, sg13g2, not '45nm'$"):
        technology(node="45nm")
