"""What each layer of a workload takes on all sizes of one case: cycles, work, bytes from DRAM, bits on the streams."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...errors import InputError
from ...generators.family import Family
from ...generators.params import FamilyParams
from ..cycles import layer_cycles
from ..workloads.workload import Workload

__all__ = ["LayerCycles", "cycles_of_layers"]


@dataclass(frozen=True)
class LayerCycles:
    """The layers that a case runs.

    Parameters
    ----------
    runs
        Which layers, ``(layers,)``.
    repeat, work
        Repetitions of each, and the useful multiply-accumulates of one.
    cycles
        Of one repetition, ``(layers, sizes)``, or ``(layers, 1)`` where all sizes are alike; 0 for those left out.
    reasons
        Why layers are left out, by name.
    """

    runs: NDArray[np.bool_]
    repeat: NDArray[np.int64]
    work: NDArray[np.int64]
    cycles: NDArray[np.int64]
    reasons: dict[str, str]

    @property
    def total(self) -> NDArray[np.int64]:
        """Cycles of all layers."""
        found: NDArray[np.int64] = self.repeat @ self.cycles
        return found

    @property
    def useful(self) -> int:
        """Useful multiply-accumulates of the layers that run."""
        return int(self.repeat @ np.where(self.runs, self.work, 0))


def cycles_of_layers(family: Family[Any], params: FamilyParams, workload: Workload, kept: int | None) -> LayerCycles:
    """Return the exact cycles of every layer on a design or a batch of them.

    Layers of one shape are computed once.

    Parameters
    ----------
    family, params
        The designs.
    workload
        The layers.
    kept
        As `run_workload` takes it.
    """
    seen: dict[str, tuple[int, Any] | str] = {}
    work, cycles, reasons = [], [], dict[str, str]()
    for layer in workload.layers:
        shape = layer.model_copy(update={"name": "", "repeat": 1}).model_dump_json() + layer.kind
        if shape not in seen:
            try:
                _, taken, useful = layer_cycles(family, params, layer, kept)
                seen[shape] = (useful, taken)
            except InputError as error:
                seen[shape] = str(error)
        found = seen[shape]
        if isinstance(found, str):
            reasons[layer.name] = found
            found = (0, 0)
        work.append(found[0])
        cycles.append(np.atleast_1d(np.asarray(found[1], dtype=np.int64)))
    runs = np.array([layer.name not in reasons for layer in workload.layers])
    repeat = np.array([layer.repeat for layer in workload.layers], dtype=np.int64)
    return LayerCycles(
        runs, repeat, np.array(work, dtype=np.int64), np.stack(np.broadcast_arrays(*cycles)), dict(reasons)
    )
