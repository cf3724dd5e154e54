"""Exports: structure as ZigZag's and SCALE-Sim's own readers want it, costs with their sources, what has no form."""

import configparser
import csv
import re
from dataclasses import replace

import pytest
import yaml

from rtloom.dse.exports.costs import ExportCosts, ExportSram
from rtloom.dse.exports.files import write_exports
from rtloom.dse.exports.scalesim import scalesim_config, scalesim_layout, scalesim_topology
from rtloom.dse.exports.zigzag import zigzag_hardware, zigzag_mapping, zigzag_yaml
from rtloom.dse.workloads.files import read_workload
from rtloom.dse.workloads.workload import parse_workload
from rtloom.errors import InputError
from rtloom.figures import Figure
from rtloom.generators.spec import load


def pico(value, source="gate-sim test"):
    return Figure(value, "pJ", source)


SRAM = ExportSram(64, 128, pico(10.5), pico(11.5), Figure(5e4, "um^2", "model ±1 % (n = 3, held out)"))
COSTS = ExportCosts(
    mac=pico(0.5, "gate-sim of one PE"),
    array_area=Figure(1e5, "um^2", "synth Yosys"),
    register=Figure(0.001, "pJ/bit", "liberty"),
    inputs=SRAM,
    weights=replace(SRAM, kib=32),
    outputs=replace(SRAM, word_bits=512),
    dram=Figure(8.0, "pJ/bit", "published"),
    dram_bits_per_cycle=64,
)
DESIGNS = ("systolic-16x16-int8", "systolic-16x16-int8-ws", "systolic-8x8-int8-is", "systolic-cube-4x4x4-int8")

# Of zigzag-dse 3.9: what its AcceleratorValidator wants of a memory and a port.
MEMORY = {"size": int, "r_cost": float, "w_cost": float, "area": float, "latency": int}
LISTS = {"operands": r"I[12]|O", "served_dimensions": r"D\d"}
KINDS = {"read": ("tl", "th"), "write": ("fh", "fl"), "read_write": ("tl", "th", "fh", "fl")}


def check_memory(memory, dimensions):
    assert set(memory) == {*MEMORY, *LISTS, "ports"}
    for key, kind in MEMORY.items():
        assert type(memory[key]) is kind
        assert memory[key] >= 0
    for key, pattern in LISTS.items():
        assert all(re.fullmatch(pattern, word) for word in memory[key])
    assert set(memory["served_dimensions"]) <= set(dimensions)
    ways = []
    for port in memory["ports"]:
        assert set(port) == {"name", "type", "bandwidth_min", "bandwidth_max", "allocation"}
        assert re.fullmatch(r"r?w?_port_\d+", port["name"])
        assert 1 <= port["bandwidth_min"] <= port["bandwidth_max"]
        for word in port["allocation"]:
            operand, way = word.split(", ")
            assert operand in memory["operands"]
            assert way in KINDS[port["type"]]
            ways.append(word)
    # An operand that is read needs a way in and out; results go both ways twice.
    wanted = {f"{operand}, {way}" for operand in memory["operands"] for way in ("fh", "tl")}
    wanted |= {"O, th", "O, fl"} if "O" in memory["operands"] else set()
    assert sorted(ways) == sorted(wanted)


@pytest.mark.parametrize("name", DESIGNS)
def test_hardware_is_as_zigzag_reads_it(name) -> None:
    spec = load(name)
    found = yaml.safe_load(zigzag_yaml(spec, COSTS))
    assert found == zigzag_hardware(spec, COSTS)
    array, memories = found["operational_array"], found["memories"]
    assert set(found) == {"name", "memories", "operational_array"}
    assert array["unit_energy"] == 0.5
    params = spec.params
    units = params.rows * params.cols * params.reduce
    assert array["unit_area"] * units == pytest.approx(1e5)
    assert array["sizes"] == [params.rows, params.cols, params.reduce][: len(array["dimensions"])]
    for memory in memories.values():
        check_memory(memory, array["dimensions"])
    # The order is from the array outwards: every operand ends at DRAM.
    assert list(memories)[-1] == "dram"
    assert memories["dram"]["r_cost"] == 8.0 * 64
    assert memories["sram_inputs"]["size"] == 64 * 8192
    for operand in ("I1", "I2", "O"):
        levels = [key for key, memory in memories.items() if operand in memory["operands"]]
        assert len(levels) >= 2


def test_what_stays_has_registers() -> None:
    def inside(name):
        memories = zigzag_hardware(load(name), COSTS)["memories"]
        return {key: (memory["size"], memory["served_dimensions"]) for key, memory in list(memories.items())[:-4]}

    bits = load("systolic-16x16-int8").params.sum_bits
    rows = load("systolic-16x16-int8-ws").params.accumulator_rows
    assert inside("systolic-16x16-int8") == {"reg_outputs": (bits, [])}
    stationary = inside("systolic-16x16-int8-ws")
    assert stationary["reg_weights"] == (8, [])
    assert stationary["accumulators"] == (load("systolic-16x16-int8-ws").params.sum_bits * rows, ["D1"])
    assert "reg_inputs" in inside("systolic-8x8-int8-is")
    assert inside("systolic-cube-4x4x4-int8")["reg_outputs"][1] == ["D3"]


def test_every_cost_says_its_source() -> None:
    text = zigzag_yaml(load("systolic-16x16-int8"), COSTS)
    for source in ("gate-sim of one PE", "synth Yosys", "liberty", "published", "model ±1 % (n = 3, held out)"):
        assert f"[{source}]" in text


def test_the_mapping_unrolls_what_the_dataflow_does() -> None:
    unrolled = {name: zigzag_mapping(load(name))[0]["spatial_mapping"] for name in DESIGNS}
    assert unrolled["systolic-16x16-int8"] == {"D1": ["OX, 16"], "D2": ["K, 16"]}
    assert unrolled["systolic-16x16-int8-ws"] == {"D1": ["C, 16"], "D2": ["K, 16"]}
    assert unrolled["systolic-8x8-int8-is"] == {"D1": ["C, 8"], "D2": ["OX, 8"]}
    assert unrolled["systolic-cube-4x4x4-int8"]["D3"] == ["C, 4"]


def test_the_configuration_is_as_scalesim_reads_it() -> None:
    """Every key that ScaleConfig.read_conf_file of SCALE-Sim 3.0.0 asks for."""
    parser = configparser.ConfigParser()
    parser.read_string(scalesim_config(load("systolic-16x16-int8-ws"), COSTS))
    presets = parser["architecture_presets"]
    for key in ("ArrayHeight", "ArrayWidth"):
        assert presets.getint(key) == 16
    sizes = [presets.getint(f"{name}sramszkB") for name in ("ifmap", "filter", "ofmap")]
    assert sizes == [64, 32, 64]
    assert presets["Dataflow"] == "ws"
    assert presets.getint("Bandwidth") == 8
    for key in ("IfmapOffset", "FilterOffset", "OfmapOffset", "ReadRequestBuffer", "WriteRequestBuffer"):
        assert presets.getint(key) >= 0
    for name in ("Ifmap", "Filter"):
        assert parser["layout"].getboolean(f"{name}CustomLayout") is False
        for key in ("Bandwidth", "Num", "Port"):
            assert parser["layout"].getint(f"{name}SRAMBank{key}") >= 1
    assert parser["run_presets"]["InterfaceBandwidth"] == "CALC"
    assert parser["run_presets"]["UseRamulatorTrace"] == "False"
    assert parser["sparsity"]["SparsitySupport"] == "false"
    assert parser["general"]["run_name"] == "systolic-16x16-int8-ws"
    flows = {name: scalesim_config(load(name), COSTS) for name in DESIGNS[:3]}
    assert [re.search(r"Dataflow : (\w+)", text)[1] for text in flows.values()] == ["os", "ws", "is"]


def rows_of(text):
    lines = [line.rstrip(",").split(",") for line in text.splitlines()]
    return lines[0], lines[1:]


def scalesim_macs(text) -> int:
    """Return the multiply-accumulates that SCALE-Sim sees in a topology."""
    total = 0
    for name, *numbers in csv.reader(line.rstrip(",") for line in text.splitlines()[1:]):
        height, width, tall, wide, channels, filters, stride = map(int, numbers)
        # As its topology_utils counts places: rounded up.
        places = -(-(height - tall + stride) // stride) * -(-(width - wide + stride) // stride)
        total += places * tall * wide * channels * filters
        assert "," not in name
    return total


@pytest.mark.parametrize("name", ["resnet-50", "mobilenet-v1", "bert-base", "vit-b-16"])
def test_the_topology_has_the_workload_s_work(name) -> None:
    workload = read_workload(name)
    text = scalesim_topology(workload)
    assert scalesim_macs(text) == workload.macs
    head, lines = rows_of(scalesim_layout(workload))
    assert len(head) == 21
    assert {len(line) for line in lines} == {21}
    topology = rows_of(text)[1]
    assert [line[0] for line in lines] == [line[0] for line in topology]
    for layout, line in zip(lines, topology, strict=True):
        assert layout[5] == (line[5] if line[0].startswith("DP") else "1")


def test_names_and_groups() -> None:
    conv = {"type": "conv2d", "height": 6, "width": 6, "channels": 4, "outputs": 8, "kernel": 3}
    layers = [
        {"name": "a,DP", **conv},
        {"name": "b", **conv, "groups": 4, "batch": 2},
        {"name": "c", **conv, "groups": 2, "repeat": 2},
    ]
    topology = rows_of(scalesim_topology(parse_workload({"layers": layers}, "w", "Workload w")))[1]
    assert topology == [
        ["a;dp", "6", "6", "3", "3", "4", "8", "1"],
        *(["DP " + name, "6", "6", "3", "3", "4", "2", "1"] for name in ("b.1", "b.2")),
        *([f"c.{at}", "6", "6", "3", "3", "2", "4", "1"] for at in (1, 2, 3, 4)),
    ]
    odd = parse_workload({"layers": [{"name": "s", **conv, "stride": [1, 2]}]}, "w", "Workload w")
    with pytest.raises(
        InputError, match=r"^SCALE-Sim stride of layer s must be the same in both directions, not \(1, "
    ):
        scalesim_topology(odd)


@pytest.mark.parametrize("name", ["vector-softmax", "attention-small", "sparse-small", "lut-small-w2a4"])
def test_families_without_such_a_form(name) -> None:
    spec = load(name)
    rule = rf"must be of the family systolic, not {spec.family.name} \({spec.name}\)$"
    for export in (zigzag_yaml, scalesim_config):
        with pytest.raises(InputError, match=rule):
            export(spec, COSTS)
    with pytest.raises(InputError, match=rule):
        zigzag_mapping(spec)


def test_scalesim_has_one_product_a_cell() -> None:
    with pytest.raises(InputError, match=r"systolic-cube-4x4x4-int8 must be 1, not 4$"):
        scalesim_config(load("systolic-cube-4x4x4-int8"), COSTS)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"mac": Figure(1, "fJ", "x")}, "Export mac must be in pJ, not 'fJ'"),
        ({"dram": Figure(-1, "pJ/bit", "x")}, "Export dram must be at least 0, not -1"),
        ({"dram_bits_per_cycle": 4}, "Export dram_bits_per_cycle must be an integer of at least 8, not 4"),
        ({"register": Figure(float("nan"), "pJ/bit", "x")}, "Export register must be at least 0, not nan"),
    ],
)
def test_costs_in_other_units_are_refused(change, message) -> None:
    with pytest.raises(InputError) as caught:
        replace(COSTS, **change)
    assert str(caught.value) == message
    with pytest.raises(InputError, match=r"^Export memory kib must be an integer of at least 1, not 0$"):
        replace(SRAM, kib=0)


def test_all_files_of_a_design(tmp_path) -> None:
    workload = read_workload("mobilenet-v1")
    written, refused = write_exports(tmp_path / "new", load("systolic-16x16-int8"), COSTS, workload)
    assert refused == []
    assert [path.name for path in written] == [
        "systolic-16x16-int8.zigzag.yaml",
        "systolic-16x16-int8.zigzag-mapping.yaml",
        "systolic-16x16-int8.scalesim.cfg",
        "mobilenet-v1.scalesim.csv",
        "mobilenet-v1.scalesim-layout.csv",
    ]
    assert written[0].read_text() == zigzag_yaml(load("systolic-16x16-int8"), COSTS)
    assert yaml.safe_load(written[1].read_text()) == zigzag_mapping(load("systolic-16x16-int8"))
    written, refused = write_exports(tmp_path, load("systolic-cube-4x4x4-int8"), COSTS)
    assert len(written) == 2
    assert [line.partition(": ")[0] for line in refused] == ["systolic-cube-4x4x4-int8.scalesim.cfg"]
    with pytest.raises(InputError, match="must be of the family systolic"):
        write_exports(tmp_path, load("vector-softmax"), COSTS)
