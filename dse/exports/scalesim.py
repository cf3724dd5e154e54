"""Export to SCALE-Sim 3: the configuration of a design, and topology and layout of a workload."""

from collections.abc import Iterator
from typing import Any

from ...errors import InputError, must
from ...generators.spec import Spec
from ..workloads.layers import Attention, Conv2d, Gemm, Layer
from ..workloads.workload import Workload
from .costs import ExportCosts, systolic

__all__ = ["scalesim_config", "scalesim_layout", "scalesim_topology"]

_DATAFLOWS = {"output_stationary": "os", "weight_stationary": "ws", "input_stationary": "is"}
_OFFSET = 10_000_000

_TOPOLOGY = "Layer name,IFMAP Height,IFMAP Width,Filter Height,Filter Width,Channels,Num Filter,Strides,"
_LAYOUT = (
    "Layer name,"
    "IFMAP Height Intraline Factor,IFMAP Width Intraline Factor,Filter Height Intraline Factor,"
    "Filter Width Intraline Factor,Channel Intraline Factor,Num Filter Intraline Factor,"
    "IFMAP Height Intraline Order,IFMAP Width Intraline Order,Channel Intraline Order,"
    "IFMAP Height Interline Order,IFMAP Width Interline Order,Channel Interline Order,"
    "Num Filter Intraline Order,Channel Intraline Order,Filter Height Intraline Order,Filter Width Intraline Order,"
    "Num Filter Interline Order,Channel Interline Order,Filter Height Interline Order,Filter Width Interline Order,"
)
"""First line of the table of layouts."""

_ORDERS = "0,1,2,4,5,3,3,2,1,0,4,5,6,7"
"""How a line of memory runs over an image and a kernel, as in SCALE-Sim's own files; unused without custom layouts."""

Row = tuple[str, int, int, int, int, int, int, int]
"""Name, image height and width with padding, kernel height and width, channels, filters, stride."""


def scalesim_config(spec: Spec, costs: ExportCosts) -> str:
    """Return the configuration (INI) of a design.

    SCALE-Sim counts in elements: the bandwidth is in elements of A per cycle. It has no energies, so that costs give
    only memories and bandwidth.

    Parameters
    ----------
    spec
        A design of the family systolic with one product per processing element and cycle.
    costs
        Its memories.

    Raises
    ------
    InputError
        Where SCALE-Sim has no form for the design.
    """
    params = systolic(spec, "SCALE-Sim")
    if params.reduce > 1:
        raise must(f"SCALE-Sim has one product per PE and cycle: reduce of {spec.name}", "be 1", params.reduce)
    bits = params.a_format.bits
    sections: dict[str, dict[str, Any]] = {
        "general": {"run_name": spec.name},
        "architecture_presets": {
            "ArrayHeight": params.rows,
            "ArrayWidth": params.cols,
            "IfmapSramSzkB": costs.inputs.kib,
            "FilterSramSzkB": costs.weights.kib,
            "OfmapSramSzkB": costs.outputs.kib,
            "IfmapOffset": 0,
            "FilterOffset": _OFFSET,
            "OfmapOffset": 2 * _OFFSET,
            "Bandwidth": max(1, costs.dram_bits_per_cycle // bits),
            "Dataflow": _DATAFLOWS[params.dataflow],
            "ReadRequestBuffer": 64,
            "WriteRequestBuffer": 64,
        },
        "layout": {
            "IfmapCustomLayout": False,
            "IfmapSRAMBankBandwidth": max(1, costs.inputs.word_bits // bits),
            "IfmapSRAMBankNum": 1,
            "IfmapSRAMBankPort": 2,
            "FilterCustomLayout": False,
            "FilterSRAMBankBandwidth": max(1, costs.weights.word_bits // params.b_format.bits),
            "FilterSRAMBankNum": 1,
            "FilterSRAMBankPort": 2,
        },
        "sparsity": {"SparsitySupport": "false", "SparseRep": "ellpack_block", "OptimizedMapping": "false"}
        | {"BlockSize": 8, "RandomNumberGeneratorSeed": 40},
        "run_presets": {"InterfaceBandwidth": "CALC", "UseRamulatorTrace": False},
    }
    parts = ["\n".join([f"[{name}]", *(f"{key} : {value}" for key, value in entries.items())])
             for name, entries in sections.items()]  # fmt: skip
    return "\n\n".join(parts) + "\n"


def scalesim_topology(workload: Workload) -> str:
    """Return the topology table (CSV) of a workload, a line for each job.

    Products are images of M rows and K columns under N kernels of one row; padding that kernels see is part of images,
    since SCALE-Sim has none. Depthwise convolutions have names that begin with DP, which it splits by channels; other
    groups, heads and repetitions are lines of their own.

    Raises
    ------
    InputError
        Where a layer has different strides, or a kernel larger than its image.
    """
    lines = [",".join(map(str, row)) + "," for row in _rows(workload)]
    return "\n".join([_TOPOLOGY, *lines]) + "\n"


def scalesim_layout(workload: Workload) -> str:
    """Return the layout table (CSV) that SCALE-Sim 3 reads with the topology: one element a line, all orders its own.

    Raises
    ------
    InputError
        As `scalesim_topology`.
    """
    # Lines whose names begin with DP are split by their channels, in this table by the fifth number.
    lines = [f"{row[0]},1,1,1,1,{row[5] if row[0].startswith('DP') else 1},1,{_ORDERS}," for row in _rows(workload)]
    return "\n".join([_LAYOUT, *lines]) + "\n"


def _rows(workload: Workload) -> Iterator[Row]:
    """Yield the lines of a workload."""
    for layer in workload.layers:
        jobs = [row for row in _jobs(layer) for _ in range(layer.repeat)]
        for at, row in enumerate(jobs, 1):
            # A comma would end the name; DP within it would split the layer by channels.
            name = layer.name.replace(",", ";").replace("DP", "dp") + (f".{at}" if len(jobs) > 1 else "")
            yield (row[0] + name, *row[1:])


def _jobs(layer: Layer) -> Iterator[Row]:
    """Yield the jobs of one repetition, with the beginning of their names."""
    if isinstance(layer, Gemm):
        for _ in range(layer.batch):
            yield _product(layer.m, layer.k, layer.n)
    elif isinstance(layer, Attention):
        rows = layer.queries * (layer.heads // layer.shared_heads)
        for _ in range(layer.batch * layer.shared_heads):
            yield _product(rows, layer.head_dim, layer.keys)
            yield _product(rows, layer.keys, layer.head_dim)
    elif isinstance(layer, Conv2d):
        yield from _convolution(layer)
    else:
        raise InputError(f"SCALE-Sim must be given gemm, conv2d or attention layers, not {layer.kind}")


def _product(m: int, k: int, n: int) -> Row:
    """Return a product as SCALE-Sim's own reader of products turns one into a convolution."""
    return "", m, k, 1, k, 1, n, 1


def _convolution(layer: Conv2d) -> Iterator[Row]:
    """Yield the images of a convolution, one job each, and its groups where they are not single channels."""
    shape = layer.shape
    if shape.stride[0] != shape.stride[1]:
        raise must(f"SCALE-Sim stride of layer {layer.name}", "be the same in both directions", shape.stride)
    # SCALE-Sim counts a place of the kernel that lies partly outside: images end where the last place does.
    places = (shape.output_height, shape.output_width)
    height, width = ((n - 1) * shape.stride[0] + size for n, size in zip(places, shape.kernel, strict=True))
    depthwise = 1 < layer.groups == layer.channels
    jobs = layer.batch if depthwise else layer.batch * layer.groups
    channels = layer.channels if depthwise else layer.channels // layer.groups
    for _ in range(jobs):
        yield "DP " * depthwise, height, width, *shape.kernel, channels, shape.group_outputs, shape.stride[0]
