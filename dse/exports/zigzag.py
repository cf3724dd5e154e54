"""Export to ZigZag 3: hardware YAML with measured costs, each with its source as a comment; and the spatial mapping."""

from collections.abc import Mapping
from typing import Any

import yaml

from ...figures import Figure
from ...generators.spec import Spec
from ...generators.systolic.params import SystolicParams
from .costs import ExportCosts, ExportSram, systolic

__all__ = ["zigzag_hardware", "zigzag_mapping", "zigzag_yaml"]

DRAM_BITS = 10_000_000_000
"""Size of the outermost memory: large enough for all there is, as in ZigZag's own files."""

OPERANDS = {"inputs": "I1", "weights": "I2", "outputs": "O"}
_READS, _WRITES = ("tl", "th"), ("fh", "fl")


def zigzag_hardware(spec: Spec, costs: ExportCosts) -> dict[str, Any]:
    """Return a design as ZigZag's hardware file describes one.

    Dimension D1 is the array's rows, D2 its columns, D3, where there is one, the products that a processing element
    sums. The operand that stays has a register in each processing element; with weight_ and input_stationary partial
    sums lie in accumulators below each column. ``r_cost`` and ``w_cost`` are pJ per access of ``bandwidth_min`` bits.

    Parameters
    ----------
    spec
        A design of the family systolic.
    costs
        Its figures.

    Raises
    ------
    InputError
        Where the design is of another family.
    """
    params = systolic(spec, "ZigZag")
    dimensions = ["D1", "D2", "D3"] if params.reduce > 1 else ["D1", "D2"]
    sizes = [params.rows, params.cols, params.reduce][: len(dimensions)]
    units = params.rows * params.cols * params.reduce
    memories = _registers(params, costs, dimensions)
    for name, sram in (("inputs", costs.inputs), ("weights", costs.weights), ("outputs", costs.outputs)):
        memories[f"sram_{name}"] = _sram(OPERANDS[name], sram, dimensions)
    memories["dram"] = _dram(costs, dimensions)
    array: dict[str, Any] = {"unit_energy": float(costs.mac.value), "unit_area": costs.array_area.value / units}
    array |= {"dimensions": dimensions, "sizes": sizes}
    return {"name": spec.name, "memories": memories, "operational_array": array}


def zigzag_mapping(spec: Spec) -> list[dict[str, Any]]:
    """Return ZigZag's mapping file for convolutions: which loop each dimension of the array unrolls.

    Raises
    ------
    InputError
        Where the design is of another family.
    """
    params = systolic(spec, "ZigZag")
    rows, cols = params.rows, params.cols
    spatial = {
        "output_stationary": {"D1": [f"OX, {rows}"], "D2": [f"K, {cols}"]},
        "weight_stationary": {"D1": [f"C, {rows}"], "D2": [f"K, {cols}"]},
        "input_stationary": {"D1": [f"C, {rows}"], "D2": [f"OX, {cols}"]},
    }[params.dataflow]
    if params.reduce > 1:
        # A layer's loop is unrolled once: products inside a processing element take the kernel where C is rows'.
        spatial["D3"] = [f"{'FX' if params.stationary else 'C'}, {params.reduce}"]
    links = {"O": "O", "W": "I2", "I": "I1"}
    return [{"name": "default", "spatial_mapping": spatial, "memory_operand_links": links}]


def zigzag_yaml(spec: Spec, costs: ExportCosts) -> str:
    """Return the hardware file's text; comments say where each figure is from.

    Raises
    ------
    InputError
        Where the design is of another family.
    """
    hardware = zigzag_hardware(spec, costs)
    memories = hardware.pop("memories")
    array = hardware.pop("operational_array")
    parts = [f"# {spec.name}: energies in pJ, areas in um^2.", f"name: {spec.name}", "", "memories:"]
    for name, memory in memories.items():
        notes = _sources(name, costs)
        parts += [f"  # {key}: {figure}" for key, figure in notes.items()]
        parts.append(_indented({name: memory}))
    parts += [
        "",
        "operational_array:",
        f"  # unit_energy: {costs.mac}",
        f"  # unit_area, all units: {costs.array_area}",
    ]
    text = yaml.safe_dump(array, sort_keys=False, default_flow_style=None)
    return "\n".join([*parts, *(f"  {line}" for line in text.splitlines())]) + "\n"


def _sources(name: str, costs: ExportCosts) -> Mapping[str, Figure]:
    """Return the figures behind a memory's costs."""
    srams = {"sram_inputs": costs.inputs, "sram_weights": costs.weights, "sram_outputs": costs.outputs}
    if name == "dram":
        return {"r_cost and w_cost, a bit": costs.dram}
    if name in srams:
        sram = srams[name]
        return {"r_cost": sram.read, "w_cost": sram.write, "area": sram.area}
    return {"r_cost and w_cost, a bit": costs.register, "area, in the array's": costs.array_area}


def _indented(value: dict[str, Any]) -> str:
    """Return YAML below `memories`."""
    text = yaml.safe_dump(value, sort_keys=False, default_flow_style=None, width=200)
    return "\n".join(f"  {line}" for line in text.splitlines())


def _registers(params: SystolicParams, costs: ExportCosts, dimensions: list[str]) -> dict[str, Any]:
    """Return what lies inside of the array."""
    inside = dimensions[2:]  # products that a processing element sums share its accumulator
    if not params.stationary:
        return {"reg_outputs": _register("O", params.sum_bits, 1, costs, inside)}
    operand, bits = ("I2", params.b_wire.bits) if params.dataflow == "weight_stationary" else ("I1", params.a_wire.bits)
    # Rows of a column add to the same partial sums, which come and go at the column's end.
    shared = [dimension for dimension in dimensions if dimension != "D2"]
    return {
        f"reg_{'weights' if operand == 'I2' else 'inputs'}": _register(operand, bits, 1, costs, []),
        "accumulators": _register("O", params.sum_bits, params.accumulator_rows, costs, shared),
    }


def _register(operand: str, bits: int, count: int, costs: ExportCosts, served: list[str]) -> dict[str, Any]:
    """Return a memory of words of one operand; its area is in the array's."""
    cost = float(costs.register.value * bits)
    return _memory(bits * count, (cost, cost, 0.0), operand, bits, served)


def _sram(operand: str, sram: ExportSram, dimensions: list[str]) -> dict[str, Any]:
    """Return an operand's memory beside the array."""
    figures = (float(sram.read.value), float(sram.write.value), float(sram.area.value))
    return _memory(sram.kib * 8192, figures, operand, sram.word_bits, dimensions)


def _memory(
    bits: int, figures: tuple[float, float, float], operand: str, word: int, served: list[str]
) -> dict[str, Any]:
    """Return a memory of one operand with ports for each way that it goes."""
    reads, writes = (_READS, _WRITES) if operand == "O" else (_READS[:1], _WRITES[:1])
    ports = [_port(f"r_port_{at}", "read", word, [f"{operand}, {way}"]) for at, way in enumerate(reads, 1)]
    ports += [_port(f"w_port_{at}", "write", word, [f"{operand}, {way}"]) for at, way in enumerate(writes, 1)]
    read, write, area = figures
    return {
        "size": bits,
        "r_cost": read,
        "w_cost": write,
        "area": area,
        "latency": 1,
        "operands": [operand],
        "ports": ports,
        "served_dimensions": list(served),
    }


def _port(name: str, kind: str, bits: int, ways: list[str]) -> dict[str, Any]:
    """Return a port."""
    return {"name": name, "type": kind, "bandwidth_min": bits, "bandwidth_max": bits, "allocation": ways}


def _dram(costs: ExportCosts, dimensions: list[str]) -> dict[str, Any]:
    """Return the outermost memory, whose one port takes turns."""
    bits = costs.dram_bits_per_cycle
    ways = [f"{operand}, {way}" for operand in ("I1", "I2") for way in ("fh", "tl")]
    ways += [f"O, {way}" for way in ("fh", "tl", "fl", "th")]
    cost = float(costs.dram.value * bits)
    return {
        "size": DRAM_BITS,
        "r_cost": cost,
        "w_cost": cost,
        "area": 0.0,
        "latency": 1,
        "operands": ["I1", "I2", "O"],
        "ports": [_port("rw_port_1", "read_write", bits, ways)],
        "served_dimensions": list(dimensions),
    }
