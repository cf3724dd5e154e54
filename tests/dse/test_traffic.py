"""DRAM traffic in closed form, against tile orders that are walked one access at a time; the roofline."""

import time
from itertools import product

import numpy as np
import pytest

from rtloom.dse.traffic import OperandBits, layer_traffic, roofline
from rtloom.dse.workloads.files import read_workload
from rtloom.dse.workloads.layers import Attention, Conv2d, Gemm
from rtloom.errors import InputError

BITS = OperandBits(8, 4, 16, 32)


class Buffer:
    """Counts the bits of what is brought in, and checks that there is room for what lies there."""

    def __init__(self, room):
        self.room, self.moved, self.here = room, 0, {}

    def hold(self, things, width):
        """Bring in what is not there."""
        for thing in things:
            if thing not in self.here:
                self.here[thing] = width
                self.moved += width
        assert sum(self.here.values()) <= self.room

    def drop(self, kind=""):
        """Forget all things of a kind."""
        self.here = {thing: width for thing, width in self.here.items() if not thing[0].startswith(kind)}

    def put(self, things, width):
        """Make results: they take room and are written once."""
        self.hold(things, width)


def blocks(size, block):
    return [range(at, min(at + block, size)) for at in range(0, size, block)]


def widest(size, fits):
    """Return the largest block of at most `size` for which a buffer has room."""
    return max((block for block in range(1, size + 1) if fits(block)), default=0)


def inputs_kept(g, bits, room):
    rows = widest(g.m, lambda r: r * (g.k * bits.inputs + bits.outputs) + g.k * bits.weights <= room)
    buffer = Buffer(room)
    for block in blocks(g.m, rows) if rows else ():
        buffer.drop()
        buffer.hold([("a", i, k) for i in block for k in range(g.k)], bits.inputs)
        for j in range(g.n):
            buffer.hold([("w", k, j) for k in range(g.k)], bits.weights)
            buffer.put([("o", i, j) for i in block], bits.outputs)
            buffer.drop("w")
            buffer.drop("o")
    return buffer.moved if rows else None


def weights_kept(g, bits, room):
    columns = widest(g.n, lambda c: c * (g.k * bits.weights + bits.outputs) + g.k * bits.inputs <= room)
    buffer = Buffer(room)
    for block in blocks(g.n, columns) if columns else ():
        buffer.drop()
        buffer.hold([("w", k, j) for j in block for k in range(g.k)], bits.weights)
        for i in range(g.m):
            buffer.hold([("a", i, k) for k in range(g.k)], bits.inputs)
            buffer.put([("o", i, j) for j in block], bits.outputs)
            buffer.drop("a")
            buffer.drop("o")
    return buffer.moved if columns else None


def outputs_kept(g, bits, room):
    """Blocks of sums of any shape that the three closed forms choose from: square, all rows, all columns."""

    def fits(r, c):
        return r * c * bits.sums + r * bits.inputs + c * bits.weights <= room

    edge = widest(max(g.m, g.n), lambda t: fits(t, t))
    shapes = [(min(edge, g.m), min(edge, g.n)), (g.m, widest(g.n, lambda c: fits(g.m, c)))]
    shapes.append((widest(g.m, lambda r: fits(r, g.n)), g.n))
    found = []
    for rows, columns in shapes:
        if not rows or not columns:
            continue
        buffer, written = Buffer(room), 0
        for block, column in product(blocks(g.m, rows), blocks(g.n, columns)):
            sums = len(block) * len(column)
            buffer.put([("s", i, j) for i in block for j in column], bits.sums)
            for k in range(g.k):
                buffer.hold([("a", i, k) for i in block], bits.inputs)
                buffer.hold([("w", k, j) for j in column], bits.weights)
                buffer.drop("a")
                buffer.drop("w")
            buffer.drop()
            written += sums * (bits.outputs - bits.sums)
        found.append(buffer.moved + written)
    return min(found, default=None)


@pytest.mark.parametrize("sizes", [(6, 5, 7), (1, 9, 8), (12, 2, 3), (4, 16, 1)])
@pytest.mark.parametrize("room", [7, 12, 20, 40, 64, 400])
def test_products_move_what_walking_the_tiles_moves(sizes, room) -> None:
    gemm = Gemm(name="g", m=sizes[0], k=sizes[1], n=sizes[2])
    walked = [order(gemm, BITS, 8 * room) for order in (inputs_kept, weights_kept, outputs_kept)]
    expected = min(moved for moved in walked if moved is not None) / 8
    found = layer_traffic(gemm, BITS, room)
    assert found.dram_bytes == expected
    assert found.compulsory_bytes <= found.dram_bytes
    batch = layer_traffic(gemm.replace(batch=3), BITS, room)
    assert batch.dram_bytes == 3 * expected


def rows_kept(c, bits, room):
    """Rows of an image slide through; all weights pass by each block of rows of results."""
    shape, step, kernel = c.shape, c.shape.stride[0], c.shape.kernel[0]
    row, weights = c.width * c.channels * bits.inputs, shape.reduction * bits.weights
    result = shape.output_width * bits.outputs
    rows = widest(
        shape.output_height,
        lambda r: ((r - 1) * step + kernel) * row + weights + r * result <= room,
    )
    buffer = Buffer(room)
    for image in range(c.batch):
        for block in blocks(shape.output_height, rows) if rows else ():
            first, last = block[0] * step - shape.padding[0][0], block[-1] * step - shape.padding[0][0] + kernel
            need = {("x", image, y) for y in range(max(0, first), min(c.height, last))}
            for gone in [thing for thing in buffer.here if thing not in need]:
                del buffer.here[gone]
            buffer.hold(sorted(need), row)
            for out in range(c.outputs):
                buffer.hold([("w", out)], weights)
                buffer.put([("o", y, out) for y in block], result)
                buffer.drop("w")
                buffer.drop("o")
        buffer.drop()
    return buffer.moved if rows else None


@pytest.mark.parametrize("room", [60, 100, 150, 220, 1000])
@pytest.mark.parametrize("geometry", [(3, 1, 1), (3, 2, 1), (5, 1, 2), (3, 1, 0)])
def test_convolutions_keep_rows_as_walked(room, geometry) -> None:
    kernel, stride, padding = geometry
    conv = Conv2d(
        name="c", batch=2, height=9, width=8, channels=2, outputs=6, kernel=kernel, stride=stride, padding=padding
    )
    found = layer_traffic(conv, BITS, room)
    walked = rows_kept(conv, BITS, 8 * room)
    assert (found.how == "image rows kept") <= (found.dram_bytes * 8 == walked)
    if walked is not None:
        assert found.dram_bytes * 8 <= walked


def test_a_depthwise_convolution_needs_a_few_rows_alone() -> None:
    conv = Conv2d(name="c", height=56, width=56, channels=64, outputs=64, kernel=3, padding=1, groups=64)
    found = layer_traffic(conv, OperandBits(), 1024)
    assert found.dram_bytes == found.compulsory_bytes == 2 * 56 * 56 * 64 + 9 * 64
    # Nine rows' worth of nothing: a buffer below three rows must fetch rows again.
    assert layer_traffic(conv, OperandBits(), 100).dram_bytes > found.compulsory_bytes


def test_attention_passes_keys_by_blocks_of_queries() -> None:
    layer = Attention(name="a", heads=4, kv_heads=2, head_dim=8, queries=16, keys=32)
    once = 2 * 4 * 16 * 8 + 2 * 2 * 32 * 8
    assert layer_traffic(layer, OperandBits(), 4096).dram_bytes == once
    # Room for two rows of keys and values and for 5 queries with their sums: 7 passes of 32 rows over each head.
    tight = layer_traffic(layer, OperandBits(), 2 * 8 + 5 * 8 * 5)
    assert (tight.how, tight.dram_bytes) == ("queries kept", 2 * 4 * 16 * 8 + 7 * 2 * 2 * 32 * 8)


@pytest.mark.parametrize("name", ["resnet-50", "mobilenet-v1", "bert-base", "llama-2-7b-decode"])
def test_more_room_never_moves_more(name) -> None:
    sizes = 2 ** np.arange(10, 31)
    for layer in read_workload(name).layers:
        found = layer_traffic(layer, OperandBits(), sizes)
        assert np.all(np.diff(found.dram_bytes) <= 0)
        assert found.dram_bytes[-1] == found.compulsory_bytes[-1]


def test_a_million_designs_at_once() -> None:
    layer = read_workload("resnet-50").layers[2]
    sizes = np.random.default_rng(1).integers(1 << 12, 1 << 22, 100_000)
    bits = OperandBits(np.full(sizes.shape, 8), np.resize([2, 4, 8], sizes.shape), 8)
    began = time.process_time()
    found = layer_traffic(layer, bits, sizes)
    assert time.process_time() - began < 2
    for at in (0, 5, 77):
        one = layer_traffic(layer, OperandBits(8, int(bits.weights[at]), 8), int(sizes[at]))
        assert (one.dram_bytes, one.how) == (found.dram_bytes[at], found.how[at])


def test_the_roofline_is_the_longer_of_both() -> None:
    seconds, bound = roofline(1000, 1e9, 4000, 1e9)
    assert (seconds, bound) == (4e-6, "memory")
    seconds, bound = roofline(np.array([1000, 9000]), 1e9, 4000, 1e9)
    assert seconds.tolist() == [4e-6, 9e-6]
    assert bound.tolist() == ["memory", "compute"]


@pytest.mark.parametrize(
    ("bits", "room", "message"),
    [
        ({}, 0, "Traffic buffer_bytes must be integers of at least 1, not 0"),
        ({}, 2.5, "Traffic buffer_bytes must be integers of at least 1, not 2.5"),
        ({}, 5, "Traffic buffer_bytes for layer g must have room for a row, not 5"),
        ({"weights": 0}, 9, "OperandBits weights must be integers from 1 to 64, not 0"),
    ],
)
def test_mistakes_are_one_line(bits, room, message) -> None:
    with pytest.raises(InputError) as caught:
        layer_traffic(Gemm(name="g", m=9, k=9, n=9), OperandBits(**bits), room)
    assert str(caught.value) == message


def test_a_roofline_needs_a_clock_and_bandwidth() -> None:
    with pytest.raises(InputError, match=r"^Roofline bandwidth must be above 0, not 0$"):
        roofline(1, 1, 1, 0)
