"""What an exploration measured, for other estimators: the front's designs as ZigZag and SCALE-Sim read them."""

from pathlib import Path

from ...figures import Figure
from ...generators.spec import Spec, family
from ..exports.costs import ExportCosts, ExportSram
from ..exports.files import write_exports
from ..memory_energy import dram_energy, sram_area
from ..space.document import Space
from ..workloads.workload import Workload, parse_workload
from .estimates import WORD_BITS, scratchpad_energy, technology_of
from .result import Explored, Variant

__all__ = ["export_front"]

OPERANDS = 3
"""Memories into which the scratchpad is split evenly: inputs, weights, outputs."""


def export_front(found: Explored, folder: Path) -> tuple[list[Path], list[str]]:
    """Write the systolic arrays of a front with their measured costs; nothing for other families.

    Parameters
    ----------
    found
        The exploration.
    folder
        Where files go; made where it is not there.

    Returns
    -------
    tuple
        The files, and for each that could not be written why.
    """
    space = Space.parse(found.space)
    if space.family != "systolic":
        return [], []
    workload: Workload = parse_workload(found.workload, "workload", "Workload")
    files: list[Path] = []
    refused: list[str] = []
    for variant in found.best:
        name = f"{variant.point}-{variant.recipe.replace(', ', '-').replace(' ', '-').lower()}"
        params = family(space.family).params.parse(variant.params)
        spec = Spec(name, family(space.family), params)
        written, missing = write_exports(folder, spec, _costs(space, variant), workload)
        files += written
        refused += missing
    return list(dict.fromkeys(files)), refused


def _costs(space: Space, variant: Variant) -> ExportCosts:
    """Return a variant's costs: its array measured, memories from tables."""
    memory = space.around
    kib = max(int(memory.buffer_kib / OPERANDS), 1)
    read, write = (scratchpad_energy(int(memory.buffer_kib * 1024), access) for access in ("read", "write"))
    sram = ExportSram(kib, WORD_BITS, read, write, sram_area(kib * 1024))
    dram = dram_energy(memory.dram.upper())
    moved = memory.bandwidth_gb_s * 8e9 / (space.clock_mhz * 1e6)
    inside = Figure(0.0, "pJ/bit", "in the energy of a multiply-accumulate")
    mac = variant.figures["energy_per_mac"]
    return ExportCosts(
        mac=Figure(mac.value, "pJ", mac.source),
        array_area=_area(space, variant),
        register=inside,
        inputs=sram,
        weights=sram,
        outputs=sram,
        dram=Figure(dram.value, "pJ/bit", dram.source),
        dram_bits_per_cycle=max(int(moved), 8),
    )


def _area(space: Space, variant: Variant) -> Figure:
    """Return the area in square micrometres."""
    area = variant.figures["area"]
    if area.unit == "um^2":
        return area
    node = technology_of(space).node
    return Figure(area.value * node.area, "um^2", f"{area.source}; {node.area:g} um^2 a gate equivalent, {node.source}")
