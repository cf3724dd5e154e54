"""Estimates for a space: area and energy of its family in its technology, with the errors they were found to have."""

from collections.abc import Callable
from typing import Any

from ...errors import InputError
from ...figures import Figure
from ..estimate.model import AreaEstimator, estimator
from ..memory_energy import HOROWITZ_BYTES, dram_energy, sram_energy
from ..space.document import Space
from ..technology import Technology, technology
from ..tier0.costs import Costs

__all__ = ["WORD_BITS", "costs_of", "scratchpad_energy", "technology_of"]

WORD_BITS = 64
"""Bits of a word of the scratchpad, whose energy the streams' bits are counted with."""


def technology_of(space: Space) -> Technology:
    """Return the technology that a space asks for."""
    return technology(space.liberty, space.node)


def costs_of(space: Space) -> Costs:
    """Return what tier 0 needs to know about the cost of a space's designs.

    A figure for which nothing was fitted is left out, and becomes known from synthesis and simulation only.
    """
    tech = technology_of(space)
    area = _fitted(space.family, tech.library.sha256, "area")
    label = f"{space.data}@{space.node}" if not space.liberty else space.data
    busy = _fitted(space.family, tech.library.sha256, f"energy_busy:{label}")
    idle = _fitted(space.family, tech.library.sha256, f"energy_busy:{label.replace(space.data, 'zero')}")
    memory = space.around
    chip = scratchpad_energy(int(memory.buffer_kib * 1024))
    dram = dram_energy(memory.dram.upper())
    sources = {"stream_bits": chip.source, "dram_bytes": dram.source}
    sources |= {name: each.source(inside=True) for name, each in (("area", area), ("energy", busy)) if each}
    return Costs(
        area=area.area if area else None,
        area_unit=tech.library.unit,
        area_error=_error(area),
        busy_joules=_joules(busy) if busy and idle else None,
        idle_joules=_joules(idle) if busy and idle else None,
        energy_error=max(_error(busy), _error(idle)),
        sram_joules_per_bit=chip.value * 1e-12 / WORD_BITS,
        dram_joules_per_bit=dram.value * 1e-12,
        sources=sources,
        source_of={name: _source_of(each) for name, each in (("area", area), ("energy", busy)) if each},
    )


def scratchpad_energy(size: int, access: str = "read") -> Figure:
    """Return the energy of an access to a scratchpad of so many bytes, in pJ a word of `WORD_BITS`.

    Raises
    ------
    InputError
        Where no table reaches to that size.
    """
    if size < HOROWITZ_BYTES[0]:
        return sram_energy(size, WORD_BITS, access)
    found = sram_energy(size, WORD_BITS, table="horowitz")
    return found if access == "read" else Figure(found.value, found.unit, f"{found.source}, a write taken as a read")


def _fitted(family: str, library: str, target: str) -> AreaEstimator | None:
    """Return an estimator, None where nothing was fitted."""
    try:
        return estimator(family, library, target=target)
    except InputError:
        return None


def _source_of(found: AreaEstimator) -> Callable[[Any], str]:
    """Return what tells the source of a design's estimate."""
    return lambda params: found.source(bool(found.inside(params)))


def _error(found: AreaEstimator | None) -> float:
    """Return the p95 of an estimate's error as a share; 0 where there is no estimate."""
    return found.fit.errors["held_out"].p95 / 100 if found else 0.0


def _joules(found: AreaEstimator) -> Callable[[Any], Any]:
    """Return an estimate that is in picojoules as one in joules."""
    return lambda params: found.area(params) * 1e-12
