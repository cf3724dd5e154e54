"""Scratchpad schedules: small ones against all that there are, large ones replayed and never worse than LRU, Belady."""

from dataclasses import replace
from itertools import product

import numpy as np
import pytest

from rtloom.dse.schedule.graph import LayerGraph, Node, Tensor, layer_graph
from rtloom.dse.schedule.orders import segments
from rtloom.dse.schedule.placement import check_moves, check_order, place
from rtloom.dse.schedule.program import solve
from rtloom.dse.schedule.replacement import Requests, belady, lru, traffic
from rtloom.dse.schedule.scheduler import CASES, compare, schedule, scheduling_table
from rtloom.dse.schedule.steps import Paged, Step, layer_steps
from rtloom.dse.traffic import OperandBits
from rtloom.dse.workloads.files import read_workload
from rtloom.dse.workloads.layers import Gemm
from rtloom.dse.workloads.workload import parse_workload
from rtloom.errors import CheckError, InputError

BITS = OperandBits()


def total(requests, kept) -> int:
    return sum(sum(part.values()) for part in traffic(requests, kept))


def random_network(seed):
    """Return seven pages of one byte, five layers with a choice of order, and what their steps use, at random.

    The first layer makes three of the pages, the others read some of these and of those that are given.
    """
    rng = np.random.default_rng(seed)
    layer = Gemm(name="g", m=1, k=1, n=1)
    tensors = tuple(Tensor(f"t{at}", 1, "made" if at < 3 else "given") for at in range(7))
    after = ((), (0,), (0, 1), (0, 1), (0, 2, 3)) if seed % 2 else ((), (0,), (0,), (0, 1), (0, 2))
    nodes = tuple(Node(f"n{at}", layer, (), (), (), 0, before) for at, before in enumerate(after))
    steps = [(Step(0, (0, 1, 2), frozenset((0, 1, 2))),)]
    for number in range(1, 5):
        pages = [tuple(map(int, rng.choice(7, rng.integers(1, 4), replace=False))) for _ in range(2)]
        steps.append(tuple(Step(number, some, frozenset()) for some in pages))
    return Paged(LayerGraph("random", nodes, tensors), 1), steps


def best_of_all(requests) -> int:
    """Return the fewest bytes of all choices of what stays that have room."""
    uses = requests.uses().items()
    gaps = [(page, at) for page, t in uses for at in range(len(t) - 1) if t[at + 1] > t[at] + 1]
    best = None
    for stays in product((False, True), repeat=len(gaps)):
        kept = {page: [True] * (len(times) - 1) for page, times in requests.uses().items()}
        for (page, at), value in zip(gaps, stays, strict=True):
            kept[page][at] = value
        room = [step.room for step in requests.steps]
        for page, times in requests.uses().items():
            for at, value in enumerate(kept[page]):
                for number in range(times[at] + 1, times[at + 1]) if value else ():
                    room[number] += 1
        if max(room) <= requests.capacity:
            moved = total(requests, kept)
            best = moved if best is None else min(best, moved)
    return best


@pytest.mark.parametrize("seed", range(12))
def test_the_program_finds_the_best_of_all(seed) -> None:
    """All choices of order and of what stays, where there are few enough."""
    capacity = 4
    paged, steps = random_network(seed)
    choices, complete = segments(paged.graph, 24)
    orders = [sum(parts, ()) for parts in product(*choices)]
    assert complete
    assert len(orders) > 1
    found = solve(paged, choices, steps, capacity, 20)
    requests = Requests(paged, tuple(step for node in found.order for step in steps[node]), capacity)
    moved = total(requests, found.kept)
    read, written = check_moves(requests, place(requests, found.kept))
    assert read + written == moved
    every = [Requests(paged, tuple(step for node in order for step in steps[node]), capacity) for order in orders]
    assert moved == min(map(best_of_all, every))
    once = len({page for own in steps for step in own for page in step.pages if page >= 3})
    assert found.bound == pytest.approx(moved - once)
    for each in every:
        assert min(total(each, belady(each)), total(each, lru(each))) >= moved


def test_belady_reads_least_and_lru_is_the_textbook_one() -> None:
    """Three pages of room and the requests of a textbook: 12 requests, LRU misses 10, the best 7."""
    requests_of = (1, 2, 3, 4, 1, 2, 5, 1, 2, 3, 4, 5)
    tensors = tuple(Tensor(f"t{at}", 1, "given") for at in range(6))
    paged = Paged(LayerGraph("g", (), tensors), 1)
    requests = Requests(paged, tuple(Step(0, (page,), frozenset()) for page in requests_of), 3)
    assert total(requests, lru(requests)) in (9, 10)  # dead pages go first: page 1 and 2 after their last use
    assert total(requests, belady(requests)) == 7


@pytest.mark.parametrize(("name", "kib"), [("resnet-50", 512), ("mobilenet-v1", 256), ("mobilenet-v1", 512)])
def test_networks_are_replayed_and_better_than_lru(name, kib) -> None:
    found = compare(read_workload(name), kib * 1024, BITS)
    best, simple, old = found["milp"], found["belady"], found["lru"]
    assert best.extra_bytes.value <= simple.extra_bytes.value <= old.extra_bytes.value
    assert best.gap == pytest.approx(0, abs=1e-6)
    assert best.saving(old).value > 50
    assert sum(best.layer_bytes().values()) == best.dram_bytes.value
    peak = max(len(move.places) + len(move.window) for move in best.moves)
    assert 0 < peak * best.page <= kib * 1024


def test_with_room_for_all_nothing_is_moved_twice() -> None:
    """Weights of 25.5 M and images of 150,528 in, 1000 out."""
    graph = layer_graph(read_workload("resnet-50"), BITS)
    assert graph.compulsory_bytes == 25_502_912 + 224 * 224 * 3 + 1000
    for method in ("milp", "belady", "lru"):
        assert schedule(graph, 1 << 22, method).extra_bytes.value == 0


def test_more_room_moves_less() -> None:
    graph = layer_graph(read_workload("mobilenet-v1"), BITS)
    moved = [schedule(graph, kib * 1024).extra_bytes.value for kib in (192, 256, 384, 512, 1024)]
    assert moved == sorted(moved, reverse=True)
    half = layer_graph(read_workload("mobilenet-v1"), OperandBits(4, 4, 4))
    assert schedule(half, 256 * 1024).extra_bytes.value < moved[1]


def test_the_order_of_layers_is_chosen() -> None:
    """Two branches from one input: the program computes first what leaves less behind."""
    layers = [
        {"name": "stem", "type": "gemm", "m": 64, "k": 16, "n": 16},
        {"name": "wide", "type": "gemm", "m": 64, "k": 16, "n": 64, "inputs": ["stem"]},
        {"name": "deep", "type": "gemm", "m": 64, "k": 16, "n": 96, "inputs": ["stem"]},
        {"name": "narrow", "type": "gemm", "m": 64, "k": 96, "n": 16, "inputs": ["deep"]},
        {"name": "end", "type": "gemm", "m": 64, "k": 80, "n": 16, "inputs": ["wide", "narrow"]},
    ]
    graph = layer_graph(parse_workload({"layers": layers}, "w", "Workload w"), BITS)
    assert [len(orders) for orders in segments(graph, 9)[0]] == [1, 3, 1]
    found = {method: schedule(graph, 10_240, method) for method in ("milp", "belady", "lru")}
    for each in found.values():
        each.check()
    assert found["lru"].order == ("stem", "wide", "deep", "narrow", "end")
    assert found["milp"].order == ("stem", "deep", "narrow", "wide", "end")
    assert found["milp"].extra_bytes.value < found["belady"].extra_bytes.value
    assert found["milp"].every_order
    assert segments(graph, 2)[1] is False


def test_transformers_have_their_residuals() -> None:
    graph = layer_graph(read_workload("bert-base"), BITS)
    assert len(graph.nodes) == 85
    output = graph.nodes[11]
    assert output.name == "attention_output #2"
    assert [graph.tensors[at].name for at in output.merged] == ["feed_forward_out #1"]
    attention = graph.nodes[3]
    assert [graph.tensors[at].name for at in attention.streamed] == ["query #1"]
    assert [graph.tensors[at].name for at in attention.whole] == ["key #1", "value #1"]
    decode = layer_graph(read_workload("llama-2-7b-decode", {"sequence": 16}), BITS)
    cached = next(tensor for tensor in decode.tensors if tensor.name == "attention #1 given")
    assert (cached.kind, cached.bytes) == ("given", 2 * 15 * 4096)


def broken(requests, kept, change):
    moves = list(place(requests, kept))
    change(moves)
    with pytest.raises(CheckError) as caught:
        check_moves(requests, moves)
    return str(caught.value).partition(": ")[2]


def test_the_check_finds_what_is_wrong() -> None:
    """Moves with one fault each; without it they pass."""
    graph = layer_graph(read_workload("mobilenet-v1"), BITS)
    found = schedule(graph, 256 * 1024, "belady")
    requests, kept = found.requests, found.kept
    check_moves(requests, place(requests, kept))
    late = next(at for at, move in enumerate(found.moves) if move.loads and at > 20)
    store = next(at for at, move in enumerate(found.moves) if move.stores)

    def overlap(moves):
        pages = list(moves[9].places)
        moves[9] = replace(moves[9], places=moves[9].places | {pages[0]: moves[9].places[pages[1]]})

    def outside(moves):
        moves[9] = replace(moves[9], places=moves[9].places | {next(iter(moves[9].places)): 99})

    def missing(moves):
        page = requests.steps[9].pages[0]
        moves[9] = replace(moves[9], places={p: slot for p, slot in moves[9].places.items() if p != page})

    def unloaded(moves):
        moves[late] = replace(moves[late], loads=())

    def unstored(moves):
        moves[store] = replace(moves[store], stores=())

    assert broken(requests, kept, overlap) == "two pages lie in one place"
    assert broken(requests, kept, outside) == "a page lies outside"
    assert broken(requests, kept, missing) == "an operand is missing"
    assert broken(requests, kept, unloaded) == "a page is not loaded"
    assert broken(requests, kept, unstored) == "a page is loaded that DRAM has not"
    with pytest.raises(CheckError, match="a layer is not computed once"):
        check_order(Requests(requests.paged, requests.steps[:-5], requests.capacity))
    with pytest.raises(CheckError, match="comes too early"):
        check_order(Requests(requests.paged, requests.steps[::-1], requests.capacity))


def test_a_schedule_that_lies_about_its_bytes_is_found() -> None:
    graph = layer_graph(read_workload("mobilenet-v1"), BITS)
    found = schedule(graph, 256 * 1024, "lru")
    found.check()
    page, gaps = next((page, gaps) for page, gaps in found.kept.items() if False in gaps)
    other = replace(found, kept=found.kept | {page: [True] * len(gaps)})
    other.__dict__["moves"] = found.moves
    with pytest.raises(CheckError, match=r"^Schedule must move what it says, but reads "):
        other.check()


@pytest.mark.parametrize(
    ("size", "options", "message"),
    [
        (100, {}, "Schedule buffer must be at least 512 bytes in 32 pages, not 100"),
        (1.5, {}, "Schedule buffer must be at least 512 bytes in 32 pages, not 1.5"),
        (1 << 20, {"method": "fifo"}, "Schedule method must be milp, belady or lru, not 'fifo'"),
        (1 << 20, {"pages": 3}, "Schedule pages must be an integer from 4 to 1024, not 3"),
    ],
)
def test_mistakes_are_one_line(size, options, message) -> None:
    graph = layer_graph(read_workload("mobilenet-v1"), BITS)
    with pytest.raises(InputError) as caught:
        schedule(graph, size, **options)
    assert str(caught.value) == message


def test_a_buffer_that_is_too_small_names_the_layer() -> None:
    gemm = {"name": "fc", "type": "gemm", "m": 1, "k": 4096, "n": 64}
    graph = layer_graph(parse_workload({"layers": [gemm]}, "w", "Workload w"), BITS)
    rule = r"^Schedule buffer must have room for [\d,]+ bytes, which layer fc needs at once, not 2,048$"
    with pytest.raises(InputError, match=rule):
        schedule(graph, 2048)
    assert schedule(graph, 8192).extra_bytes.value == 0
    with pytest.raises(InputError, match=r"need at most 20,000 steps \(a larger buffer"):
        schedule(layer_graph(read_workload("llama-2-7b-prefill"), BITS), 1 << 18)
    with pytest.raises(InputError, match=r"^Schedule bits must be integers: a schedule is of one design$"):
        layer_graph(read_workload("mobilenet-v1"), OperandBits(np.array([8, 4])))


def test_steps_see_rows_and_their_neighbours() -> None:
    """A 3x3 convolution needs the rows beside its own; its weights stay, or its rows do."""
    conv = {"name": "c", "type": "conv2d", "height": 16, "width": 8, "channels": 8, "outputs": 8, "kernel": 3}
    graph = layer_graph(parse_workload({"layers": [conv | {"padding": 1}]}, "w", "Workload w"), BITS)
    paged = Paged(graph, 64)  # a row a page
    steps = layer_steps(paged, 0, 20)
    inputs, weights, outputs = (set(range(paged.first[at], paged.first[at + 1])) for at in (0, 2, 1))
    assert len(steps) == 16
    for row, step in enumerate(steps):
        assert step.made <= outputs
        assert {page - min(inputs) for page in set(step.pages) & inputs} == set(range(16)) & {row - 1, row, row + 1}
        assert weights <= set(step.pages)
    # Weights of 576 bytes are 9 pages; without room for them two groups of rows stay and weights pass each.
    tight = layer_steps(paged, 0, 12)
    assert max(step.room for step in tight) <= 12
    assert {page for step in tight for page in step.pages} == inputs | weights | outputs


def test_the_table_for_benchmarks() -> None:
    assert len({name for name, _ in CASES}) >= 2
    (row,) = scheduling_table((("mobilenet-v1", 512),))
    assert row["milp"] <= row["belady"] <= row["lru"]
    assert row["saving_percent"] == pytest.approx(100 * (1 - row["milp"] / row["lru"]))
    assert row["compulsory"] == 4_209_088 + 224 * 224 * 3 + 1000


def test_without_time_it_is_belady_with_an_honest_gap() -> None:
    """The solver finds nothing in a moment: the better simple schedule is taken, and the gap says what is not known."""
    graph = layer_graph(read_workload("resnet-50"), BITS)
    hasty, simple = (schedule(graph, 1 << 18, method, 1e-3) for method in ("milp", "belady"))
    hasty.check()
    assert hasty.extra_bytes.value <= simple.extra_bytes.value
    assert 0 < hasty.gap <= 1
