"""What a synthesis found, every figure with its unit and source."""

from dataclasses import asdict, dataclass
from typing import Any

from ..figures import Figure
from .synth_memory import MemoryUse

__all__ = ["Share", "SynthReport"]


@dataclass(frozen=True)
class Share:
    """What all modules of one label (or group of labels) take together, without the modules inside them.

    Parameters
    ----------
    label
        For example ``pe``; ``top`` is the top module itself, or a group.
    modules
        Distinct modules.
    instances
        In the whole design.
    cells, flip_flops
        Of all instances.
    area
        Of all instances.
    share
        Of the whole area in per cent.
    """

    label: str
    modules: int
    instances: int
    cells: int
    flip_flops: int
    area: float
    share: float


@dataclass(frozen=True)
class SynthReport:
    """Result of `synthesize`.

    Parameters
    ----------
    top, target
        What was synthesised, and for what.
    tool, library
        Version, and the cell library with its sha256 (empty for FPGAs).
    recipe
        What was asked of the tool: hierarchy, multipliers, goal.
    figures
        By name. For ``gates``: ``area`` (GE or um^2), ``gate_equivalents``, ``flip_flops``, ``flip_flop_area`` (%),
        ``depth`` (levels), ``memory_macros`` (bit) and, with a liberty file, ``delay`` (ps). For FPGAs one a resource.
    shares
        Area by module label, largest first (``gates``; one entry if flattened).
    groups
        The same by the groups that were asked for.
    cells
        How often each cell is used.
    memories
        Memories and their form.
    notes
        What the figures leave out.
    seconds
        Time it took.
    """

    top: str
    target: str
    tool: str
    library: str
    recipe: str
    figures: dict[str, Figure]
    shares: tuple[Share, ...]
    groups: tuple[Share, ...]
    cells: dict[str, int]
    memories: tuple[MemoryUse, ...]
    notes: tuple[str, ...]
    seconds: float

    def __getitem__(self, name: str) -> Figure:
        """Return a figure by its name."""
        return self.figures[name]

    def to_dict(self) -> dict[str, Any]:
        """Return everything as JSON holds it."""
        plain = asdict(self)
        plain["figures"] = {name: figure.to_dict() for name, figure in self.figures.items()}
        return plain
