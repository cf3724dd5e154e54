"""An exploration written by hand: six netlists of systolic arrays, three of them on the front; nothing is run."""

from functools import cache
from typing import Any

from rtloom.dse.cycles import WorkloadRun, run_workload
from rtloom.dse.explore.keys import point_id
from rtloom.dse.explore.result import Explored, Variant
from rtloom.dse.space.document import parse_space
from rtloom.dse.workloads.files import read_workload
from rtloom.figures import Figure
from rtloom.generators.spec import load

SYNTH = "synth Yosys 0.70, gate equivalents"
GATES = "gate-sim Yosys 0.70 netlist, sky130_fd_sc_hd tt_025C_1v80, relu data; SRAM and DRAM by table"
MODEL = "model ±8.0 % (n = 40, held out; median 2.5 %; area by Yosys 0.70, gate equivalents)"
ENERGY_MODEL = "model ±12.0 % (n = 30, held out; median 5.0 %; energy_busy:relu@sky130 by Yosys 0.70)"
# rows, cols, pipeline, recipe, area, energy, tier, reason
ROWS = (
    (4, 4, 1, "Booth, area", 16_500, 4.1e-3, 2, ""),
    (4, 4, 1, "array multipliers, area", 17_900, 4.6e-3, 2, ""),
    (8, 8, 1, "Booth, area", 58_200, 3.2e-3, 2, ""),
    (8, 16, 2, "Booth, area", 131_000, 2.9e-3, 2, ""),
    (16, 8, 1, "Booth, area", 141_500, 3.4e-3, 1, ""),
    (16, 16, 2, "Booth, area", 262_000, 2.8e-3, 1, "area 2.62e+05 is not at most 250000"),
)


def space_document(name: str = "toy-arrays", workload: str = "bert-base", **more: Any) -> dict[str, Any]:
    """Return the document of the space."""
    raw = {
        "family": "systolic",
        "workload": workload,
        "base": {"max_reduction": 16384},
        "axes": {"rows": [4, 8, 16], "cols": [4, 8, 16], "pipeline": [1, 2]},
        "objectives": ["latency", "area", "energy"],
        "constraints": {"area": {"at_most": 250000}},
        "memory": {"buffer_kib": 256, "bandwidth_gb_s": 6.4},
    }
    return parse_space(raw | more, "Space", name).to_dict()


@cache
def ran(rows: int, cols: int, pipeline: int, workload: str) -> WorkloadRun:
    """Return the layers on one array."""
    params = {"max_reduction": 16384, "rows": rows, "cols": cols, "pipeline": pipeline}
    return run_workload(load({"family": "systolic", "params": params}), read_workload(workload))


def variant(space: dict[str, Any], row: tuple[Any, ...]) -> Variant:
    """Return one row as a variant: exact cycles, the other figures as written above."""
    rows, cols, pipeline, recipe, area, energy, tier, reason = row
    run = ran(rows, cols, pipeline, space["workload"])
    spec = run.spec
    seconds = run.cycles.value / 100e6
    figures = {
        "cycles": run.cycles,
        "latency": Figure(seconds, "s", "exact cycles at 100 MHz, roofline of 6.4 GB/s"),
        "throughput": Figure(1 / seconds, "1/s", "exact cycles at 100 MHz, roofline of 6.4 GB/s"),
        "utilisation": run.utilisation,
        "stream_bits": Figure(4.2e9, "bits", "exact"),
        "dram_bytes": Figure(1.1e7, "bytes", "closed form of the best loop order with 256 KiB"),
        "area": Figure(area, "GE", SYNTH),
        "flip_flops": Figure(rows * cols * 56, "FF", SYNTH),
        "delay": Figure(4200 + 90 * rows, "ps", SYNTH),
        "energy": Figure(energy, "J", GATES if tier == 2 else ENERGY_MODEL),
    }
    if tier == 2:
        shares = {"energy_logic": 0.68, "energy_sram": 0.14, "energy_dram": 0.18}
        figures |= {name: Figure(energy * share, "J", GATES) for name, share in shares.items()}
        figures["energy_per_mac"] = Figure(energy / 569e6 * 1e12, "pJ/MAC", GATES)
    params = spec.params.to_dict()
    axes = {name: params[name] for name in space["axes"]}
    return Variant(
        point_id("systolic", params), recipe, params, axes, figures, estimated(rows, cols, energy), tier, reason
    )


def estimated(rows: int, cols: int, energy: float) -> dict[str, Figure]:
    """Return estimates that are near what the rows hold."""
    area = 1020.0 * rows * cols + 40 * rows
    return {"area": Figure(area, "GE", MODEL), "energy": Figure(1.05 * energy, "J", ENERGY_MODEL)}


def toy(*, empty: bool = False, rows: tuple[tuple[Any, ...], ...] = ROWS, **space: Any) -> Explored:
    """Return the exploration; with `empty` all variants are out."""
    document = space_document(**space)
    variants = tuple(variant(document, row) for row in rows)
    for each in variants if empty else ():
        each.reason = "misses the clock: 12.0 ns is more than 10.0 ns"
    cloud: dict[str, list[float]] = {"latency": [], "area": [], "energy": [], "utilisation": []}
    for at, each in enumerate(variants * 8):
        off = 1 + 0.04 * (at % 7)
        cloud["latency"].append(each.figures["latency"].value * (1 + 0.05 * (at % 5)))
        cloud["area"].append(each.figures["area"].value * off)
        cloud["energy"].append(each.figures["energy"].value * off)
        cloud["utilisation"].append(each.figures["utilisation"].value / off)
    front = () if empty else tuple(variants[at].id for at in (3, 2, 0) if at < len(variants))
    return Explored(
        sweep="ab" * 32,
        space=document,
        workload=read_workload(document["workload"]).to_dict(),
        objectives=tuple(document["objectives"]),
        method="exhaustive",
        points=18,
        valid=18,
        considered=15,
        coverage=0.98,
        reasons={"pool<1>": "Systolic has no operation for layers of type pool"},
        unknown={"Estimated systolic activation must be none or relu": 3},
        variants=variants,
        front=front,
        cloud=cloud,
        sources={"area": MODEL, "energy": ENERGY_MODEL, "stream_bits": "a table", "dram_bytes": "another table"},
        seconds={"tier 0": 0.4, "tier 1": 61.2, "tier 2": 130.0},
    )
