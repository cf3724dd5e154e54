"""Gate-level simulation: functions, netlists without hierarchy, transitions with and without delays, memories."""

from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rtloom.dse.gate_level.costs import costs
from rtloom.dse.gate_level.flat import MemoryCell, flat_netlist
from rtloom.dse.gate_level.functions import program
from rtloom.dse.gate_level.memories import LANES, MemoryModel, bits_of_lanes, words_of_lanes
from rtloom.dse.gate_level.plan import plan
from rtloom.dse.gate_level.simulator import GateSimulator
from rtloom.dse.technology import technology
from rtloom.errors import CheckError, ToolError
from rtloom.hdl.gate_equivalents import GATES
from rtloom.hdl.liberty_function import truth_table
from rtloom.hdl.netlist import Netlist

BUILT_IN = technology()
FLIP_FLOPS = {name: cell.flip_flop for name, cell in BUILT_IN.power.cells.items() if cell.flip_flop}
ONES = np.uint64(2**64 - 1)


def cell(kind, **pins):
    return {"type": kind, "connections": {pin: [bit] for pin, bit in pins.items()}, "parameters": {}}


def port(direction, *bits):
    return {"direction": direction, "bits": list(bits)}


def module(ports, cells):
    return {"ports": ports, "cells": {f"c{i}": found for i, found in enumerate(cells)}}


def planned(modules, top="top"):
    flat = flat_netlist(Netlist({"modules": modules}, top), BUILT_IN.library)
    return plan(flat, BUILT_IN.library, FLIP_FLOPS, "clk")


@settings(max_examples=150)
@given(st.integers(1, 4).flatmap(lambda n: st.tuples(st.just(n), st.integers(0, (1 << (1 << n)) - 1))))
def test_programs_are_their_tables(case):
    inputs, table = case
    columns = [np.array([i >> k & 1 for i in range(1 << inputs)], dtype=np.uint64) * ONES for k in range(inputs)]
    found = program(table, inputs)
    if found.constant is not None:
        assert table == found.constant * ((1 << (1 << inputs)) - 1)
        return
    out = np.empty(1 << inputs, dtype=np.uint64)
    assert found.run(columns, out) is out
    assert sum(int(word & np.uint64(1)) << i for i, word in enumerate(out)) == table


def test_programs_of_gates_are_short():
    lengths = {g.name: len(program(truth_table(g.function, g.inputs), len(g.inputs)).steps) for g in GATES}
    assert lengths["INV"] == lengths["AND2"] == lengths["XOR2"] == 1
    assert lengths["AOI22"] == lengths["MAJ3"] == 4
    assert max(lengths.values()) == 4


@dataclass
class Circuit:
    """A random circuit in words that a slow simulation understands: nets 2.. are inputs, then registers, then gates."""

    inputs: int
    registers: list  # net of D
    gates: list  # gate, nets of its inputs

    @property
    def first_register(self):
        return 2 + self.inputs

    @property
    def first_gate(self):
        return self.first_register + len(self.registers)

    @property
    def nets(self):
        return self.first_gate + len(self.gates)

    def modules(self):
        def bit(net):
            return str(net) if net < 2 else net + 100

        cells = [cell("DFF", CK=50, D=bit(d), Q=bit(self.first_register + i)) for i, d in enumerate(self.registers)]
        for i, (gate, ins) in enumerate(self.gates):
            pins = {pin: bit(net) for pin, net in zip(gate.inputs, ins, strict=True)}
            cells.append(cell(gate.name, Y=bit(self.first_gate + i), **pins))
        nets = [bit(net) for net in range(2, self.nets)]
        ports = {"clk": port("input", 50), "x": port("input", *nets[: self.inputs]), "all": port("output", *nets)}
        return {"top": module(ports, cells)}


@st.composite
def circuits(draw):
    inputs, registers, gates = draw(st.integers(1, 3)), draw(st.integers(0, 3)), draw(st.integers(1, 12))
    made = []
    for i in range(gates):
        gate = draw(st.sampled_from(GATES))
        known = st.integers(0, 2 + inputs + registers + i - 1)
        made.append((gate, [draw(known) for _ in gate.inputs]))
    return Circuit(inputs, [draw(st.integers(0, 2 + inputs + registers + gates - 1)) for _ in range(registers)], made)


class Slow:
    """One run of a circuit, net by net."""

    def __init__(self, circuit):
        self.circuit = circuit
        self.values = [0] * circuit.nets
        self.values[1] = 1
        self.toggles, self.delayed = [0] * circuit.nets, [0] * circuit.nets
        self.settle(self.values)

    def output(self, values, gate, ins):
        row = sum(values[net] << k for k, net in enumerate(ins))
        return truth_table(gate.function, gate.inputs) >> row & 1

    def settle(self, values):
        for i, (gate, ins) in enumerate(self.circuit.gates):
            values[self.circuit.first_gate + i] = self.output(values, gate, ins)

    def cycle(self, inputs):
        circuit, before = self.circuit, list(self.values)
        for i, d in enumerate(circuit.registers):
            self.values[circuit.first_register + i] = before[d]
        self.values[2 : 2 + circuit.inputs] = inputs
        moving = list(self.values)
        self.settle(self.values)
        for net in range(circuit.nets):
            self.toggles[net] += before[net] != self.values[net]
        while True:  # every gate takes one unit of time
            after = list(moving)
            for i, (gate, ins) in enumerate(circuit.gates):
                after[circuit.first_gate + i] = self.output(moving, gate, ins)
            if after == moving:
                return
            for net in range(circuit.nets):
                self.delayed[net] += after[net] != moving[net]
            moving = after


@settings(max_examples=60)
@given(circuits(), st.integers(0, 2**32))
def test_transitions_are_those_of_a_slow_simulation(circuit, seed):
    rng = np.random.default_rng(seed)
    lanes, cycles = 5, 6
    data = rng.integers(0, 2, (cycles, circuit.inputs, lanes), dtype=np.uint8)
    found = planned(circuit.modules())
    simulator, slow = GateSimulator(found), [Slow(circuit) for _ in range(lanes)]
    for row in data:
        bits = np.zeros((LANES, circuit.inputs), dtype=np.uint8)
        bits[:lanes] = row.T
        mask = np.uint64((1 << lanes) - 1)
        simulator.cycle([(found.port("x"), words_of_lanes(bits))], mask, delayed=True)
        for lane, run in enumerate(slow):
            run.cycle([int(bit) for bit in row[:, lane]])
        values = bits_of_lanes(simulator.values[found.port("all")])[:lanes]
        assert values.tolist() == [run.values[2:] for run in slow]
    counts, nets = simulator.counts, found.port("all")
    assert counts.lane_cycles == counts.sampled_cycles == lanes * cycles
    assert counts.toggles[nets].tolist() == [sum(run.toggles[net] for run in slow) for net in range(2, circuit.nets)]
    assert counts.sampled.tolist() == counts.toggles.tolist()
    gates = nets[circuit.first_gate - 2 :]
    assert counts.delayed[gates].tolist() == [
        sum(run.delayed[net] for run in slow) for net in range(circuit.first_gate, circuit.nets)
    ]


def glitching():
    """Return the XOR of a signal with itself, later: 0 but for two units of time after each change."""
    cells = [cell("INV", A=101, Y=102), cell("INV", A=102, Y=103), cell("XOR2", A=101, B=103, Y=104)]
    ports = {"clk": port("input", 50), "x": port("input", 101), "y": port("output", 104)}
    return planned({"top": module(ports, cells)})


def test_a_glitch_is_two_transitions_that_zero_delay_does_not_see():
    found = glitching()
    simulator = GateSimulator(found)
    for word in (ONES, np.uint64(0)):
        simulator.cycle([(found.port("x"), np.array([word]))], delayed=True)
    (y,) = found.port("y")
    assert simulator.counts.toggles[y] == 0
    assert simulator.counts.delayed[y] == 2 * 2 * 64
    assert simulator.counts.toggles.sum() == 3 * 2 * 64  # the input and two inverters


def test_cycles_and_runs_that_do_not_count():
    found = glitching()
    simulator = GateSimulator(found)
    simulator.cycle([(found.port("x"), np.array([ONES]))], count=False)
    simulator.cycle([(found.port("x"), np.array([np.uint64(0)]))], np.uint64(1))
    assert simulator.counts.lane_cycles == 1
    assert simulator.counts.toggles.sum() == 3


def test_hierarchy_passes_nets_and_constants_through():
    child = module(
        {"a": port("input", 2), "same": port("output", 2), "one": port("output", "1"), "inverse": port("output", 3)},
        [cell("INV", A=2, Y=3)],
    )
    instance = {
        "type": "top__child_2",
        "connections": {"a": [101], "same": [102], "one": [103], "inverse": [104]},
        "parameters": {},
    }
    other = instance | {"connections": {"a": [102], "inverse": [105]}}
    cells = [instance, other, cell("NAND2", A=103, B=105, Y=106)]
    ports = {"clk": port("input", 50), "x": port("input", 101), "y": port("output", 102, 103, 104, 105, 106)}
    found = planned({"top": module(ports, cells), "top__child_2": child})
    assert found.flat.labels == ("child", "top")
    assert found.flat.cells == 3
    simulator = GateSimulator(found)
    simulator.cycle([(found.port("x"), np.array([ONES]))])
    assert (simulator.values[found.port("y")] & np.uint64(1)).tolist() == [1, 1, 0, 0, 1]
    inverters = next(group for group in found.flat.groups if group.type == "INV")
    assert [found.flat.labels[label] for label in inverters.labels] == ["child", "child"]


def test_gated_registers_hold_and_their_clocks_are_counted():
    cells = [cell("ICG", CK=50, E=101, GCK=60), cell("DFF", CK=60, D=102, Q=103), cell("DFF", CK=50, D=102, Q=104)]
    ports = {"clk": port("input", 50), "e": port("input", 101), "d": port("input", 102), "q": port("output", 103, 104)}
    found = planned({"top": module(ports, cells)})
    simulator = GateSimulator(found)

    def cycle(enable, data):
        words = [(found.port("e"), np.array([np.uint64(enable)])), (found.port("d"), np.array([np.uint64(data)]))]
        simulator.cycle(words)
        return [int(word) for word in simulator.values[found.port("q")]]

    cycle(0b01, 0b11)  # at the next edge run 0 is enabled, run 1 is not
    assert cycle(0b10, 0b00) == [0b01, 0b11]
    assert cycle(0b00, 0b00) == [0b01, 0b00]
    assert sum(simulator.counts.enabled.values()) == 2
    priced = costs(found.flat, BUILT_IN, int(found.flat.ports["clk"].nets[0]))
    power = BUILT_IN.power.cells
    square = BUILT_IN.power.voltage**2

    def clocked(name):
        return power[name].clock_energy["CK"] + power[name].capacitance["CK"] * square

    (gated,) = priced.gated.values()
    assert gated.sum() == pytest.approx(clocked("DFF") + 2 * power["ICG"].output_energy["GCK"])
    assert priced.clock.sum() == pytest.approx(clocked("DFF") + clocked("ICG"))
    assert priced.clocked(simulator.counts).sum() == pytest.approx(3 * 64 * priced.clock.sum() + 2 * gated.sum())


def test_a_transition_costs_its_driver_and_the_pins_that_it_drives():
    found = glitching()
    priced = costs(found.flat, BUILT_IN, int(found.flat.ports["clk"].nets[0]))
    power, square = BUILT_IN.power.cells, BUILT_IN.power.voltage**2
    pin = {name: power[name].capacitance["A"] for name in ("INV", "XOR2")}
    wanted = {
        "x": (pin["INV"] + pin["XOR2"]) * square / 2,  # a port has no driver
        "first": power["INV"].output_energy["Y"] + pin["INV"] * square / 2,
        "second": power["INV"].output_energy["Y"] + pin["XOR2"] * square / 2,
        "y": power["XOR2"].output_energy["Y"],
    }
    assert sorted(priced.nets[priced.nets > 0]) == pytest.approx(sorted(wanted.values()))
    assert priced.leakage.sum() == pytest.approx(2 * power["INV"].leakage + power["XOR2"].leakage)


MANY = {"clk": port("input", 50), "x": port("input", 101, 102), "y": port("output", 103)}


@pytest.mark.parametrize(
    ("cells", "error", "told"),
    [
        ([cell("NAND2", A=101, B=103, Y=103)], CheckError, "must have no combinational loop"),
        ([cell("DLATCH", G=101, D=102, Q=103)], ToolError, "but DLATCH is none"),
        ([cell("DFF", CK=101, D=102, Q=103)], ToolError, "some have one made by logic"),
        ([cell("ICG", CK=101, E=102, GCK=103)], ToolError, "must stand between the clock and registers"),
        ([cell("INV", A=101, Y=103), cell("INV", A=102, Y=103)], ToolError, "some are driven twice"),
    ],
)
def test_netlists_that_cannot_be_simulated(cells, error, told):
    with pytest.raises(error, match=told):
        planned({"top": module(MANY, cells)})


def memory(size, width, transparent):
    of = {"SIZE": size, "WIDTH": width, "ABITS": 3, "OFFSET": 0, "RD_PORTS": 1, "WR_PORTS": 1}
    flags = {"RD_CLK_ENABLE": 1, "WR_CLK_ENABLE": 1, "RD_TRANSPARENCY_MASK": int(transparent)}
    parameters = {name: f"{value:032b}" for name, value in (of | flags).items()} | {"INIT": "x"}
    shapes = {"RD_EN": 1, "RD_ADDR": 3, "RD_ARST": 1, "RD_SRST": 1, "WR_EN": width, "WR_ADDR": 3, "WR_DATA": width}
    pins, at = {}, 2
    for pin, bits in shapes.items():
        pins[pin] = np.zeros(1, dtype=np.int64) if pin.endswith("RST") else np.arange(at, at + bits)
        at += bits
    return MemoryCell("words", parameters, pins | {"RD_DATA": np.arange(at, at + width)}, 0), at + width


@settings(max_examples=40)
@given(st.booleans(), st.integers(0, 2**32))
def test_memories_read_and_write_in_each_run_alone(transparent, seed):
    size, width, cycles = 6, 5, 8
    found, nets = memory(size, width, transparent)
    model, rng = MemoryModel(found), np.random.default_rng(seed)
    slow = np.zeros((LANES, size, width), dtype=np.uint8)
    held = np.zeros((LANES, width), dtype=np.uint8)
    values = np.zeros(nets, dtype=np.uint64)
    reads = 0
    for _ in range(cycles):
        drawn = {pin: rng.integers(0, 2, (LANES, len(at)), dtype=np.uint8) for pin, at in found.pins.items()}
        drawn |= {"RD_DATA": held}
        for pin in ("RD_ADDR", "WR_ADDR"):
            drawn[pin] = (rng.integers(0, size, (LANES, 1)) >> np.arange(3) & 1).astype(np.uint8)
        for pin, at in found.pins.items():
            if not pin.endswith("RST"):
                values[at] = words_of_lanes(drawn[pin])
        reads += int(drawn["RD_EN"].sum())
        data = model.edge(values, np.arange(nets), np.array([ONES]))
        old = slow.copy()
        for lane in range(LANES):
            to, of = (int(drawn[pin][lane] @ [1, 2, 4]) for pin in ("WR_ADDR", "RD_ADDR"))
            enabled = drawn["WR_EN"][lane] == 1
            slow[lane, to][enabled] = drawn["WR_DATA"][lane][enabled]
            if drawn["RD_EN"][lane, 0]:
                held[lane] = (slow if transparent else old)[lane, of]
        assert (bits_of_lanes(data) == held).all()
    assert model.read_count == reads


def test_a_memory_that_reads_without_a_clock_is_refused():
    found, _ = memory(6, 5, False)
    found.parameters["RD_CLK_ENABLE"] = "0"
    with pytest.raises(ToolError, match="Memory words must read and write at the clock"):
        MemoryModel(found)
