"""DRAM traffic of one layer on a design with an on-chip buffer, as closed forms; and the roofline of time."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError, must
from .workloads.layers import Attention, Conv2d, Gemm, Layer
from .workloads.vectors import Vector

__all__ = ["LayerTraffic", "OperandBits", "layer_traffic", "roofline"]

Number = Any
"""An integer, or an array of them: one for each design of many."""

_NEVER = np.int64(1) << 62


@dataclass(frozen=True)
class OperandBits:
    """Bits of an element of each operand; arrays where several designs are evaluated at once.

    Parameters
    ----------
    inputs, weights, outputs
        Bits as they lie in DRAM and in the buffer.
    sums
        Bits of a partial sum that waits in the buffer.
    """

    inputs: Number = 8
    weights: Number = 8
    outputs: Number = 8
    sums: Number = 32

    def __post_init__(self) -> None:
        """Refuse what is no width."""
        for name in ("inputs", "weights", "outputs", "sums"):
            value = np.asarray(getattr(self, name))
            if value.dtype.kind not in "iu" or not np.all((value >= 1) & (value <= 64)):
                raise must(f"OperandBits {name}", "be integers from 1 to 64", getattr(self, name))


@dataclass(frozen=True)
class LayerTraffic:
    """DRAM traffic of one repetition of a layer.

    Parameters
    ----------
    compulsory_bytes
        Every operand once, without what a stride wider than its kernel leaves out.
    dram_bytes
        What the best order moves; float64, of the shape of the designs' arrays.
    order
        Number of that order in `names`, int64 of the same shape.
    names
        The orders that were compared.
    """

    compulsory_bytes: NDArray[np.float64]
    dram_bytes: NDArray[np.float64]
    order: NDArray[np.int64]
    names: tuple[str, ...]

    @property
    def how(self) -> Any:
        """The order in words: a text, or an array of texts."""
        words = np.asarray(self.names)[self.order]
        return str(words) if words.ndim == 0 else words


@dataclass(frozen=True)
class _Product:
    """`times` products (m, k) x (k, n), one after the other, each with operands of its own."""

    times: int
    m: int
    k: int
    n: int


Order = tuple[str, Callable[[], tuple[Number, Number]]]
"""What an order is called, and its bits moved with whether the buffer has room for it."""


def layer_traffic(layer: Layer, bits: OperandBits, buffer_bytes: Number) -> LayerTraffic:
    """Return the DRAM traffic of the best of the loop orders that a buffer has room for.

    The orders are those of two-level tiling, where one operand's block stays and the others pass by (Chen et al.,
    Communication Lower Bound in Convolution Accelerators, arXiv 1911.05662). Of a product (M, K) x (K, N) of `a`, `w`
    and `o` bits in all:

    - inputs kept, `r` rows at a time: ``a + w ceil(M / r) + o``; room for the rows, their results, a column of weights;
    - weights kept, `c` columns at a time: ``w + a ceil(N / c) + o``; room for the columns, a row of inputs, results;
    - outputs kept, `r` x `c` partial sums: ``a ceil(N / c) + w ceil(M / r) + o``; room for the sums, `r` inputs and `c`
      weights; with ``r = c``, ``r = M`` or ``c = N``.

    Convolutions keep rows of the image (every row read once, those that kernels share stay) or weights, with as many
    rows as the kernel has; or are lowered to products, whose inputs come again for every place of the kernel.
    Attention keeps queries while keys and values pass by, or keys and values; scores stay on the chip. Vectors pass by.

    Parameters
    ----------
    layer
        The layer; the result is of one of its repetitions.
    bits
        Widths of the operands.
    buffer_bytes
        Room of the buffer, in bytes.

    Raises
    ------
    InputError
        Where a buffer is too small for any order.
    """
    size = np.asarray(buffer_bytes)
    if size.dtype.kind not in "iu" or not np.all((size >= 1) & (size <= 1 << 50)):
        raise must("Traffic buffer_bytes", "be integers of at least 1", buffer_bytes)
    raw = (bits.inputs, bits.weights, bits.outputs, bits.sums)
    flat = np.broadcast_arrays(size, *map(np.asarray, raw))
    room, *widths = (part.astype(np.int64).ravel() for part in flat)
    once = _compulsory(layer, OperandBits(*widths))
    moved, order, names = _least(layer, OperandBits(*widths), 8 * room, 2)
    # Most designs need no more than the first orders; the others are computed for the rest alone.
    if np.any(rest := moved > once):
        some = OperandBits(*(width[rest] for width in widths))
        moved[rest], order[rest], names = _least(layer, some, 8 * room[rest], None)
    if np.any(moved == _NEVER):
        least = int(room[moved == _NEVER].max())
        raise must(f"Traffic buffer_bytes for layer {layer.name}", "have room for a row", least)
    shape = flat[0].shape
    return LayerTraffic((once / 8).reshape(shape), (moved / 8).reshape(shape), order.reshape(shape), names)


def roofline(cycles: Number, clock_hz: Number, dram_bytes: Number, bandwidth: Number) -> tuple[Any, Any]:
    """Return the seconds of a layer whose transfers overlap its computation, and what bounds them.

    The longer of computing and moving (Williams, Waterman and Patterson, Roofline, CACM 52(4), 2009).

    Parameters
    ----------
    cycles, clock_hz
        Computation.
    dram_bytes, bandwidth
        Bytes, and bytes per second.

    Returns
    -------
    tuple
        float64 seconds; ``compute`` or ``memory`` for each.
    """
    for name, value in (("clock_hz", clock_hz), ("bandwidth", bandwidth)):
        if not np.all(np.asarray(value) > 0):
            raise must(f"Roofline {name}", "be above 0", value)
    compute, memory = np.asarray(cycles) / clock_hz, np.asarray(dram_bytes) / bandwidth
    bound = np.where(compute >= memory, "compute", "memory")
    return np.maximum(compute, memory), str(bound) if bound.ndim == 0 else bound


def _compulsory(layer: Layer, bits: OperandBits) -> NDArray[np.int64]:
    """Return the bits of every operand once."""
    operands = layer.operands
    inputs = _read(layer) if isinstance(layer, Conv2d) else operands.inputs
    found: NDArray[np.int64] = inputs * bits.inputs + operands.weights * bits.weights + operands.outputs * bits.outputs
    return found


def _least(
    layer: Layer, bits: OperandBits, room: NDArray[np.int64], count: int | None
) -> tuple[NDArray[np.int64], NDArray[np.int64], tuple[str, ...]]:
    """Return the fewest bits that the first `count` orders move, which order that is, and what all are called."""
    orders = _orders(layer, bits, room)
    best, order = np.full(room.shape, _NEVER), np.zeros(room.shape, np.int64)
    for number, (_, moves) in enumerate(orders[:count]):
        total, fits = moves()
        better = fits & (total < best)
        best, order = np.where(better, total, best), np.where(better, number, order)
    return best, order, tuple(name for name, _ in orders)


def _orders(layer: Layer, bits: OperandBits, room: Number) -> list[Order]:
    """Return the orders of a layer; what each moves is computed when it is called."""
    if isinstance(layer, Gemm):
        # B of a product of activations has the width of inputs.
        second = bits.inputs if layer.weights == "none" else bits.weights
        product = _Product(layer.batch, layer.m, layer.k, layer.n)
        return _product_orders(product, OperandBits(bits.inputs, second, bits.outputs, bits.sums), room)
    if isinstance(layer, Conv2d):
        return _image_orders(layer, bits, room)
    if isinstance(layer, Attention):
        kept = {"queries kept": _queries_kept, "keys and values kept": _keys_kept}
        return [(name, partial(order, layer, bits, room)) for name, order in kept.items()]
    if isinstance(layer, Vector):
        return [("vectors pass by", partial(_passing, layer, bits, room))]
    raise InputError(f"Traffic must be asked of a gemm, conv2d, attention or vector layer, not {layer.kind}")


def _product_orders(p: _Product, bits: OperandBits, room: Number, prefix: str = "") -> list[Order]:
    """Return the orders of products."""
    ba, bw, bo, bs = bits.inputs, bits.weights, bits.outputs, bits.sums
    a, w, o = p.m * p.k * ba, p.k * p.n * bw, p.m * p.n * bo

    def inputs() -> tuple[Number, Number]:
        passes, fits = _passes(p.m, room - p.k * bw, p.k * ba + bo)
        return p.times * (a + w * passes + o), fits

    def weights() -> tuple[Number, Number]:
        passes, fits = _passes(p.n, room - p.k * ba, p.k * bw + bo)
        return p.times * (w + a * passes + o), fits

    def outputs(rows: Number, columns: Number) -> tuple[Number, Number]:
        fits = (rows >= 1) & (columns >= 1)
        over_m, over_n = (-(-size // np.clip(block, 1, size)) for size, block in ((p.m, rows), (p.n, columns)))
        return p.times * (a * over_n + w * over_m + o), fits

    def square() -> tuple[Number, Number]:
        half = (np.sqrt((ba + bw) ** 2 + 4 * bs * room.astype(np.float64)) - (ba + bw)) / (2 * bs)
        edge = half.astype(np.int64)
        edge = edge - (edge * (edge * bs + ba + bw) > room)
        return outputs(edge, edge)

    return [
        (f"{prefix}inputs kept", inputs),
        (f"{prefix}weights kept", weights),
        (f"{prefix}outputs kept", square),
        (f"{prefix}outputs of all rows kept", lambda: outputs(p.m, (room - p.m * ba) // (p.m * bs + bw))),
        (f"{prefix}outputs of all columns kept", lambda: outputs((room - p.n * bw) // (p.n * bs + ba), p.n)),
    ]


def _image_orders(layer: Conv2d, bits: OperandBits, room: Number) -> list[Order]:
    """Return the orders of a convolution, group after group; a second operand that is no weights has inputs' width."""
    shape = layer.shape
    bits = OperandBits(bits.inputs, bits.inputs if layer.weights == "none" else bits.weights, bits.outputs, bits.sums)
    lowered = _Product(shape.groups, shape.places, shape.reduction, shape.group_outputs)
    if shape.kernel == (1, 1) and shape.stride == (1, 1) and not any(map(any, shape.padding)):
        return _product_orders(lowered, bits, room)
    (kernel, _), (step, _) = shape.kernel, shape.stride
    height, width = shape.output_height, shape.output_width
    row = layer.width * (layer.channels // layer.groups) * bits.inputs
    image = layer.batch * _touched(layer.height, 0, layer) * row
    column, results = lowered.k * bits.weights, lowered.m * lowered.n * bits.outputs

    def rows() -> tuple[Number, Number]:
        passes, fits = _passes(height, room - column - (kernel - step) * row, step * row + width * bits.outputs)
        return shape.groups * (image + lowered.n * column * layer.batch * passes + results), fits

    def weights() -> tuple[Number, Number]:
        passes, fits = _passes(lowered.n, room - kernel * row, column + bits.outputs)
        return shape.groups * (image * passes + lowered.n * column + results), fits

    found: list[Order] = [("image rows kept", rows), ("weights kept", weights)]
    return found + _product_orders(lowered, bits, room, "lowered, ")


def _touched(size: int, axis: int, layer: Conv2d) -> int:
    """Return how many rows (axis 0) or columns (axis 1) of an image kernels see: all unless they step over some."""
    shape = layer.shape
    kernel, places = shape.kernel[axis], (shape.output_height, shape.output_width)[axis]
    return size if kernel >= shape.stride[axis] else min(size, places * kernel)


def _read(layer: Conv2d) -> int:
    """Return the inputs that kernels see, and a second operand that is no weights."""
    rows, columns = _touched(layer.height, 0, layer), _touched(layer.width, 1, layer)
    whole = layer.batch * layer.channels * layer.height * layer.width
    return layer.operands.inputs - whole + layer.batch * layer.channels * rows * columns


def _queries_kept(layer: Attention, bits: OperandBits, room: Number) -> tuple[Number, Number]:
    """Rows of Q with their sums stay; keys and values pass by, a row of each at a time."""
    pairs, row = layer.batch * layer.shared_heads, layer.head_dim
    rows = layer.queries * (layer.heads // layer.shared_heads)
    passes, fits = _passes(rows, room - 2 * row * bits.inputs, row * (bits.inputs + bits.sums))
    each = rows * row * (bits.inputs + bits.outputs) + 2 * layer.keys * row * bits.inputs * passes
    return pairs * each, fits


def _keys_kept(layer: Attention, bits: OperandBits, room: Number) -> tuple[Number, Number]:
    """All keys and values of a head stay; rows of Q pass by."""
    pairs, row = layer.batch * layer.shared_heads, layer.head_dim
    rows = layer.queries * (layer.heads // layer.shared_heads)
    fits = room >= row * (2 * layer.keys * bits.inputs + bits.inputs + bits.sums)
    return pairs * row * (rows * (bits.inputs + bits.outputs) + 2 * layer.keys * bits.inputs), fits


def _passing(layer: Vector, bits: OperandBits, room: Number) -> tuple[Number, Number]:
    """Each element comes once and leaves once, a beat at a time; units hold what they have to see again."""
    return layer.elements * (bits.inputs + bits.outputs), room >= bits.inputs + bits.outputs


def _passes(size: int, room: Number, each: Number) -> tuple[Number, Number]:
    """Return how often the other operand passes by blocks of `size` things that take `each`, and whether one fits."""
    block = np.clip(room // each, 0, size)
    return -(-size // np.maximum(block, 1)), block >= 1
