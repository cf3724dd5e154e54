"""What the sparse family adds to plain dense chains, unit by unit, and the DSP blocks that its products take."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

from rtloom.errors import CheckError
from rtloom.figures import Figure
from rtloom.generators.design import Design, emit_design
from rtloom.generators.sparse.family import SPARSE
from rtloom.generators.sparse.params import SparseParams
from rtloom.generators.sparse.products import packed_shape
from rtloom.generators.spec import Spec
from rtloom.hdl.emit import emit_verilog
from rtloom.hdl.packed_multiply import PackedSplit
from rtloom.hdl.synth import synthesize
from rtloom.hdl.synth_report import SynthReport

from .areas import AT_ONCE, GATES, TIME_LIMIT, reports

LENGTHS = (16, 64)
CHANNELS = 4
"""What a sparse chain serves in a panel: N is 0, 1, 2 or 4 of 4."""

SCALES: dict[str, Any] = {"weight_bits": "4", "scale_bits": 4}
TERMS = (1, 4)
"""Packed products that are summed before they are taken apart."""

SMALL = {"rows": 2, "chains": 1, "length": 16, "group": 4}
"""For counts of DSP blocks: how many a multiplication takes does not depend on the number of chains."""

BLOCKS: dict[str, tuple[dict[str, Any], tuple[str, ...]]] = {
    "plain dense chain": ({"group": SMALL["length"]}, ("xilinx", "ecp5")),
    "sparse chain": ({}, ("xilinx", "ecp5", "ice40", "gowin")),
    "sparse chain of packed products": ({"packing": 1}, ("xilinx", "xilinx-up")),
    "sparse chain of packed products, sums of 4 taken apart": ({"packing": 4}, ("xilinx-up",)),
    "sparse chain that dequantises int4": (SCALES, ("ecp5", "ice40")),
    "sparse chain of packed products that dequantises int4": ({"packing": 1, **SCALES}, ("xilinx",)),
}
"""Designs, and the targets whose multipliers they fit."""


def figures() -> dict[str, Figure]:
    """Return all figures of this file; what takes more DSP blocks than it should raises."""
    found: dict[str, Figure] = {}
    for length in LENGTHS:
        found |= _units(length)
    return {**found, **_blocks()}


def _params(length: int, **options: Any) -> SparseParams:
    return SparseParams.parse({"length": length, "group": length // CHANNELS, **options})


def _units(length: int) -> dict[str, Figure]:
    """Return the area of plain dense chains, and what each unit adds to it."""
    dense, sparse = _params(length, group=length), _params(length)
    known = reports(SPARSE, [dense, sparse, sparse.replace(**SCALES)], GATES)
    plain, full, scaled = known.values()
    base = plain["area"]
    units = {
        "sparse MUX": (_taken(full, "sparse_mux"), "its modules"),
        "reduction nodes and a sum for each channel": _difference(full, plain, "chain"),
        "results that wait, streams of places, control": (
            sum(sign * (r["area"].value - _taken(r, "chain", "sparse_mux")) for sign, r in ((1, full), (-1, plain))),
            "difference of what is outside the chains",
        ),
        "dequantisation of int4 by group scales": _difference(scaled, full, "chain"),
        **{f"overflow adjust, sums of {terms} packed": _adjust(length, terms) for terms in TERMS},
        "all that int8 weights need": (full["area"].value - base.value, "difference of the designs"),
        "all, with dequantisation": (scaled["area"].value - base.value, "difference of the designs"),
    }
    what = f"{dense.chains} chains of {length} for {dense.rows} rows"
    found = {f"{what}, plain dense, area": base}
    for name, (area, how) in units.items():
        source = f"{base.source}; {how}"
        found[f"{what}, {name}, area"] = Figure(area, base.unit, source)
        found[f"{what}, {name}, over plain dense"] = Figure(100 * area / base.value, "%", source)
    return found


def _taken(report: SynthReport, *labels: str) -> float:
    """Return the area of all modules with these labels."""
    return sum(share.area for share in report.shares if share.label in labels)


def _difference(more: SynthReport, less: SynthReport, label: str) -> tuple[float, str]:
    """Return what the modules of a label take more in one design than in another, where no module holds the unit."""
    return _taken(more, label) - _taken(less, label), f"difference of the modules {label}"


def _adjust(length: int, terms: int) -> tuple[float, str]:
    """Return the area of what takes packed products apart, synthesised alone, as often as the chains hold it."""
    params = _params(length, packing=terms)
    unit = emit_verilog(PackedSplit(packed_shape(params)), "packed_split")
    count = params.chains * params.rows // 2 * params.length // terms
    area = synthesize(unit.text, unit.top, time_limit=TIME_LIMIT)["area"].value
    return count * area, f"{count} units, one synthesised alone"


def _blocks() -> dict[str, Figure]:
    """Count the DSP blocks of every design on its targets, and the logic beside them."""
    designs = {name: _small(options) for name, (options, _) in BLOCKS.items()}
    wanted = [(name, target) for name, (_, targets) in BLOCKS.items() for target in targets]

    def run(case: tuple[str, str]) -> SynthReport:
        design = designs[case[0]]
        return synthesize(design.verilog, design.manifest.top, case[1], time_limit=TIME_LIMIT)

    found: dict[str, Figure] = {}
    with ThreadPoolExecutor(AT_ONCE) as pool:
        for (name, target), report in zip(wanted, pool.map(run, wanted), strict=True):
            per_mac = _per_mac(f"{name}, {target}", report, BLOCKS[name][0])
            parts = {what: figure for what, figure in report.figures.items() if figure.value}
            found |= {f"{name}, {target}, {what}": figure for what, figure in {**per_mac, **parts}.items()}
    return found


def _small(options: dict[str, Any]) -> Design:
    """Emit a small design."""
    params = SparseParams.parse({**SMALL, **options})
    return emit_design(Spec(f"sparse-{params.digest[:8]}", SPARSE, params))


def _per_mac(what: str, report: SynthReport, options: dict[str, Any]) -> dict[str, Figure]:
    """Return the DSP blocks of an INT8 multiply-accumulate in a cycle: one, or half of one."""
    macs, blocks = SMALL["rows"] * SMALL["chains"] * SMALL["length"], report["DSP"]
    # Dequantising multipliers are small ones, which some targets make of DSP blocks as well.
    most = 0.5 if "packing" in options else 1
    if "scale_bits" not in options and blocks.value != most * macs:
        raise CheckError(f"{what} must take {most * macs:.0f} DSP blocks, but takes {blocks.value}")
    return {"DSP blocks for an INT8 MAC a cycle": Figure(blocks.value / macs, "DSP", blocks.source)}
