"""What each layer of a workload takes on all sizes of one case: cycles, work, traffic on the chip and with DRAM."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...errors import InputError
from ...generators.family import Family
from ...generators.params import FamilyParams
from ..cycles import check_layer, layer_cycles
from ..schedule.graph import layer_graph
from ..schedule.scheduler import schedule
from ..space.document import Memory
from ..streams import layer_streams, operand_bits
from ..traffic import layer_traffic
from ..workloads.workload import Workload

__all__ = [
    "LayerCycles",
    "Moved",
    "Shapes",
    "cycles_of_layers",
    "dram_bytes_by_layer",
    "dram_bytes_of_layers",
    "refused_layers",
    "streams_of_layers",
    "without",
]

FloatArray = NDArray[np.float64]


@dataclass(frozen=True)
class LayerCycles:
    """The layers that a case runs, those of one shape being one; 0 for those that are left out.

    Parameters
    ----------
    runs
        Which shapes, ``(shapes,)``.
    repeat, work
        How often each shape comes, and useful multiply-accumulates of one.
    cycles
        Exact cycles of one, ``(shapes, sizes)``, or ``(shapes, 1)`` where all sizes are alike; whole float64 numbers.
    reasons
        Why layers are left out, by name.
    """

    runs: NDArray[np.bool_]
    repeat: FloatArray
    work: FloatArray
    cycles: FloatArray
    reasons: dict[str, str]

    @cached_property
    def total(self) -> FloatArray:
        """Cycles of all layers, ``(sizes,)``."""
        found: FloatArray = self.repeat @ self.cycles
        return found

    @cached_property
    def useful(self) -> int:
        """Useful multiply-accumulates of the layers that run."""
        return int(self.repeat @ self.work)


class Shapes:
    """A workload's layers, those of one shape together.

    Parameters
    ----------
    workload
        The workload.

    Attributes
    ----------
    layers
        One layer of each shape.
    repeat
        How often each comes, float64.
    amount
        Share of all repetitions of each in the workload, as `Workload.amount` measures it, float64.
    names
        Names of the layers of each shape.
    place
        Place of each layer's shape, by the layer's name.
    """

    def __init__(self, workload: Workload) -> None:
        found: dict[str, list[Any]] = {}
        for layer in workload.layers:
            shape = layer.model_copy(update={"name": "", "repeat": 1}).model_dump_json() + layer.kind
            found.setdefault(shape, []).append(layer)
        self.layers = [alike[0] for alike in found.values()]
        self.repeat = np.array([sum(layer.repeat for layer in alike) for alike in found.values()], dtype=np.float64)
        self.amount = np.array([layer.amount for layer in self.layers]) * self.repeat
        self.workload = workload
        self.place = {layer.name: at for at, alike in enumerate(found.values()) for layer in alike}
        self.names = [[layer.name for layer in alike] for alike in found.values()]


def cycles_of_layers(family: Family[Any], params: FamilyParams, shapes: Shapes, kept: int | None) -> LayerCycles:
    """Return the exact cycles of every shape on a design or a batch of them.

    Parameters
    ----------
    family, params
        The designs.
    shapes
        The layers.
    kept
        As `run_workload` takes it.
    """
    works, cycles, reasons = [], [], dict[str, str]()
    for layer, names in zip(shapes.layers, shapes.names, strict=True):
        try:
            _, taken, work = layer_cycles(family, params, layer, kept)
        except InputError as error:
            taken, work = 0, 0
            reasons |= dict.fromkeys(names, str(error))
        works.append(float(work))
        cycles.append(np.atleast_1d(np.asarray(taken, dtype=np.float64)))
    runs = np.array([names[0] not in reasons for names in shapes.names])
    return LayerCycles(runs, shapes.repeat, np.array(works), np.stack(np.broadcast_arrays(*cycles)), reasons)


def refused_layers(params: FamilyParams, shapes: Shapes) -> dict[int, str]:
    """Return the shapes that a design's formats rule out, and why; sizes do not matter."""
    found = {}
    for at, layer in enumerate(shapes.layers):
        try:
            check_layer(params, layer)
        except InputError as error:
            found[at] = str(error)
    return found


def without(layers: LayerCycles, shapes: Shapes, refused: dict[int, str]) -> LayerCycles:
    """Return the layers of a case without those that are refused."""
    if not refused:
        return layers
    stays = np.array([at not in refused for at in range(len(layers.runs))])
    reasons = {name: reason for at, reason in refused.items() for name in shapes.names[at]}
    return LayerCycles(
        layers.runs & stays,
        layers.repeat,
        np.where(stays, layers.work, 0),
        np.where(stays[:, None], layers.cycles, 0),
        reasons | layers.reasons,
    )


def streams_of_layers(
    params: FamilyParams, shapes: Shapes, kept: int | None, runs: tuple[bool, ...]
) -> tuple[Any, ...]:
    """Return what the streams of the design, or of each of a batch, carry in all layers that run.

    The units are those of `streams.stream_widths`; float64, exact up to 2**53.
    """
    each = zip(shapes.layers, shapes.repeat.tolist(), runs, strict=True)
    found = [
        [repeat * np.asarray(count, dtype=np.float64) for count in layer_streams(params, layer, kept)]
        for layer, repeat, there in each
        if there
    ]
    return tuple(sum(counts) for counts in zip(*found, strict=True))


@dataclass(frozen=True)
class Moved:
    """Bytes between DRAM and the scratchpad, an entry for layers that move alike.

    Parameters
    ----------
    shape
        Place of each entry's layer among the shapes, ``(entries,)``; all of them in order where they are a slice.
    times
        How often each entry comes.
    bytes
        Of one.
    """

    shape: NDArray[np.int64] | slice
    times: FloatArray
    bytes: FloatArray


def dram_bytes_of_layers(params: FamilyParams, shapes: Shapes, kept: int | None, memory: Memory) -> Moved:
    """Return the bytes of every layer between DRAM and the scratchpad.

    Without a schedule each layer begins and ends in DRAM and takes its best loop order; with one, what it keeps in the
    scratchpad between layers is not moved.
    """
    bits, room = operand_bits(params, kept), int(memory.buffer_kib * 1024)
    if memory.schedule == "none":
        found = [float(layer_traffic(layer, bits, room).dram_bytes) for layer in shapes.layers]
        return Moved(slice(None), shapes.repeat, np.array(found))
    plan = schedule(layer_graph(shapes.workload, bits), room, memory.schedule).layer_bytes()
    runs = shapes.workload.runs
    places = np.array([shapes.place[run.layer.name] for run in runs])
    return Moved(places, np.ones(len(runs)), np.array([float(plan[run.name]) for run in runs]))


def dram_bytes_by_layer(
    params: FamilyParams, workload: Workload, kept: int | None, memory: Memory
) -> dict[str, tuple[float, str]]:
    """Return the bytes of each layer between DRAM and the scratchpad by its name, and how it moves them in words.

    Of a layer that a schedule treats differently from repetition to repetition, the mean.
    """
    bits, room = operand_bits(params, kept), int(memory.buffer_kib * 1024)
    if memory.schedule == "none":
        found = ((layer, layer_traffic(layer, bits, room)) for layer in workload.layers)
        return {layer.name: (float(traffic.dram_bytes), str(traffic.how)) for layer, traffic in found}
    plan = schedule(layer_graph(workload, bits), room, memory.schedule).layer_bytes()
    means: dict[str, list[int]] = {}
    for run in workload.runs:
        means.setdefault(run.layer.name, []).append(plan[run.name])
    words = f"schedule by {memory.schedule}"
    return {name: (sum(each) / len(each), words) for name, each in means.items()}
