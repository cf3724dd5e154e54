"""A workload on a design: each layer as the family's operation, its exact cycles from its shapes alone."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ..errors import InputError, must
from ..figures import Figure
from ..generators.attention.params import AttentionParams
from ..generators.attention.shapes import attention_cycles
from ..generators.batch import family_params
from ..generators.family import Family
from ..generators.lut.params import LutParams
from ..generators.lut.shapes import gemm_cycles as lut_cycles
from ..generators.params import FamilyParams
from ..generators.sparse.params import SparseParams
from ..generators.sparse.shapes import gemm_cycles as sparse_cycles
from ..generators.sparse.shapes import nonzero
from ..generators.spec import Spec
from ..generators.systolic.params import SystolicParams
from ..generators.systolic.shapes import convolution_cycles
from ..generators.systolic.shapes import gemm_cycles as systolic_cycles
from ..generators.vector.params import VectorParams
from ..generators.vector.shapes import vector_cycles
from .workloads.layers import Attention, Conv2d, Gemm, Layer
from .workloads.vectors import Vector
from .workloads.workload import Workload

__all__ = ["EXACT", "LayerRun", "WorkloadRun", "check_layer", "layer_cycles", "run_workload"]

EXACT = "exact"


@dataclass(frozen=True)
class LayerRun:
    """One layer on a design.

    Parameters
    ----------
    layer
        The layer; what follows is of one of its repetitions.
    how
        The jobs that it takes, in words; why the design cannot run it, where there are no cycles.
    cycles
        Sum of its jobs' exact cycles, each from reset to its last result; None where the design cannot run it.
    work
        Useful multiply-accumulates, those by weights that are kept and of keys that are seen; of a vector unit the
        multiplications of its elements.
    peak
        Multiply-accumulates that the design can do in a cycle, of a vector unit multiplications.
    """

    layer: Layer
    how: str
    cycles: int | None
    work: int
    peak: float

    @property
    def utilisation(self) -> Figure:
        """Useful multiply-accumulates in percent of those that the cycles had room for; asks for a layer that runs."""
        return _utilisation(self.work, self.peak * self.needed)

    @property
    def figure(self) -> Figure:
        """The cycles with their unit and source; asks for a layer that runs."""
        return Figure(self.needed, "cycles", EXACT)

    @property
    def needed(self) -> int:
        """The cycles, where the design can run the layer.

        Raises
        ------
        InputError
            Where it cannot.
        """
        if self.cycles is None:
            raise InputError(f"Layer {self.layer.name} must be one that the design can run: {self.how}")
        return self.cycles


@dataclass(frozen=True)
class WorkloadRun:
    """All layers of a workload on a design, one after the other."""

    workload: Workload
    spec: Spec
    layers: tuple[LayerRun, ...]

    @property
    def running(self) -> list[LayerRun]:
        """Layers that the design can run."""
        return [run for run in self.layers if run.cycles is not None]

    @property
    def missing(self) -> list[LayerRun]:
        """Layers that it cannot run: they are in none of the sums."""
        return [run for run in self.layers if run.cycles is None]

    @property
    def cycles(self) -> Figure:
        """Cycles of all layers that run; asks for at least one.

        Raises
        ------
        InputError
            Where the design runs none of them.
        """
        if not self.running:
            raise InputError(f"{self.spec.name} must run a layer of {self.workload.name}: {self.missing[0].how}")
        return Figure(sum(run.layer.repeat * run.needed for run in self.running), "cycles", EXACT)

    @property
    def utilisation(self) -> Figure:
        """Useful multiply-accumulates of the layers that run in percent of those that their cycles had room for."""
        work = sum(run.layer.repeat * run.work for run in self.running)
        return _utilisation(work, sum(run.layer.repeat * run.peak * run.needed for run in self.running))

    @property
    def covered(self) -> float:
        """Share of the workload, 0 to 1, that is in layers that run, in its unit `counted`: MACs if it has any."""
        return sum(run.layer.repeat * run.layer.amount for run in self.running) / self.workload.amount


def run_workload(spec: Spec, workload: Workload, kept: int | None = None) -> WorkloadRun:
    """Return the exact cycles of every layer of a workload on a design.

    A layer is one job, or several one after the other where the family takes it in parts: grouped convolutions on
    families without groups are a job a group, attention on systolic arrays is two jobs of products.

    Parameters
    ----------
    spec
        The design.
    workload
        The layers.
    kept
        For sparse designs: weights of each block that are not 0; all of them by default.

    Raises
    ------
    InputError
        Where `kept` is given to another design, or is more than a block.
    """
    if kept is not None:
        if not isinstance(spec.params, SparseParams):
            raise must("Sparse kept", f"be left out for a design of the family {spec.family.name}", kept)
        nonzero(spec.params, 1, kept)
    peak, seen = float(spec.family.peak(spec.params)), dict[str, LayerRun]()
    runs = []
    for layer in workload.layers:
        shape = layer.model_copy(update={"name": "", "repeat": 1}).model_dump_json() + layer.kind
        if shape not in seen:
            seen[shape] = _run(spec, layer, kept, peak)
        found = seen[shape]
        runs.append(LayerRun(layer, found.how, found.cycles, found.work, peak))
    return WorkloadRun(workload, spec, tuple(runs))


def _run(spec: Spec, layer: Layer, kept: int | None, peak: float) -> LayerRun:
    """Return one layer on the design, or why it cannot run there."""
    try:
        check_layer(spec.params, layer)
        how, cycles, work = layer_cycles(spec.family, spec.params, layer, kept)
    except InputError as error:
        return LayerRun(layer, str(error), None, 0, peak)
    return LayerRun(layer, how, cycles, work, peak)


Found = tuple[str, int, int]
"""The jobs in words, their cycles, their useful work."""


def check_layer(params: FamilyParams, layer: Layer) -> None:
    """Refuse a layer whose padding a systolic array's format of A has no zero for.

    Apart from `layer_cycles`, so that cycles do not depend on formats.

    Raises
    ------
    InputError
        Where the design cannot run it.
    """
    if isinstance(layer, Conv2d) and family_params(params) is SystolicParams:
        formats: Any = params
        layer.shape.check_zero(formats.a_format)


def layer_cycles(family: Family[Any], params: FamilyParams, layer: Layer, kept: int | None = None) -> Found:
    """Return the jobs of a layer in words, their exact cycles, and their useful multiply-accumulates.

    Parameters
    ----------
    family
        The family.
    params
        Of one design, or of a batch (`generators.batch`); then cycles are an array.
    layer
        The layer; figures are of one of its repetitions.
    kept
        As for `run_workload`.

    Raises
    ------
    InputError
        Where the design cannot run it.
    """
    found = _FAMILIES.get(family_params(params))
    if found is None:
        operations = ", ".join(family.operations_of(params))
        raise InputError(f"{family.name} has no operation for layers, but {operations}")
    return found(params, layer, kept)


def _systolic(params: SystolicParams, layer: Layer, _kept: int | None) -> Found:
    """Run a layer on a systolic array; attention is the products of its heads, softmax being done elsewhere."""
    if isinstance(layer, Gemm):
        return "gemm", systolic_cycles(params, layer.m, layer.k, layer.n, layer.batch), layer.macs
    if isinstance(layer, Conv2d):
        return "conv2d", convolution_cycles(params, layer.shape), layer.macs
    if isinstance(layer, Attention):
        # Heads that share keys are rows of one product; masked keys are computed all the same.
        products = layer.batch * layer.shared_heads
        rows = layer.queries * (layer.heads // layer.shared_heads)
        scores = systolic_cycles(params, rows, layer.head_dim, layer.keys, products)
        values = systolic_cycles(params, rows, layer.keys, layer.head_dim, products)
        return "2 gemm, softmax elsewhere", scores + values, layer.macs
    raise _no_operation("Systolic", layer)


def _weighted(title: str, layer: Layer, cycles: Callable[[int, int, int], int], useful: Callable[[int], int]) -> Found:
    """Run a layer on a family of products A x W^T whose W is weights: one job for each matrix of weights.

    `cycles` takes M, K and N, `useful` says how many of K weights are not 0.
    """
    if isinstance(layer, Attention) or (isinstance(layer, Gemm | Conv2d) and layer.weights == "none"):
        raise InputError(f"{title} w must be weights, not activations")
    if isinstance(layer, Gemm):
        jobs, m, k, n = layer.batch, layer.m, layer.k, layer.n
    elif isinstance(layer, Conv2d):
        shape = layer.shape
        jobs, m, k, n = shape.groups, shape.places, shape.reduction, shape.group_outputs
    else:
        raise _no_operation(title, layer)
    how = layer.kind if jobs == 1 else f"{jobs} {layer.kind}"
    return how, jobs * cycles(m, k, n), jobs * m * n * useful(k)


def _lut(params: LutParams, layer: Layer, _kept: int | None) -> Found:
    """Run a layer on a LUT tile."""
    return _weighted("LUT", layer, lambda m, k, n: lut_cycles(params, m, k, n), lambda k: k)


def _sparse(params: SparseParams, layer: Layer, kept: int | None) -> Found:
    """Run a layer on sparse chains."""
    return _weighted(
        "Sparse", layer, lambda m, k, n: sparse_cycles(params, m, k, n, kept), lambda k: nonzero(params, k, kept)
    )


def _attention(params: AttentionParams, layer: Layer, _kept: int | None) -> Found:
    """Run a layer on an attention engine."""
    if not isinstance(layer, Attention):
        raise _no_operation("Attention", layer)
    for name, size in (("e", params.e), ("f", params.f)):
        if size != layer.head_dim:
            raise must(f"Attention {name}", f"be {layer.head_dim}, as the heads are", size)
    lead = (layer.batch, layer.heads, layer.queries)
    return "attention", attention_cycles(params, lead, layer.shared_heads, layer.keys, layer.causal), layer.macs


def _vector(params: VectorParams, layer: Layer, _kept: int | None) -> Found:
    """Run a layer on a vector unit."""
    if not isinstance(layer, Vector):
        raise _no_operation("Vector", layer)
    if params.unit != layer.function:
        raise must("Vector unit", f"be {layer.function}, which the layer computes", params.unit)
    return layer.function, vector_cycles(params, layer.vectors, layer.length), layer.elements * params.products


def _no_operation(title: str, layer: Layer) -> InputError:
    """Return the error for a layer that a family has no operation for."""
    return InputError(f"{title} has no operation for a layer of type {layer.kind}")


_FAMILIES: dict[type, Callable[[Any, Any, int | None], Found]] = {
    SystolicParams: _systolic,
    LutParams: _lut,
    SparseParams: _sparse,
    AttentionParams: _attention,
    VectorParams: _vector,
}


def _utilisation(work: float, room: float) -> Figure:
    """Return useful work in percent of what there was room for."""
    return Figure(100 * work / room if room else 0.0, "%", EXACT)
