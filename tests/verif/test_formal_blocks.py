"""Proofs about building blocks: they close, and a wrong block is found."""

from dataclasses import replace

import pytest

from rtloom.errors import InputError
from rtloom.hdl.piecewise_shape import PiecewiseShape
from rtloom.verif.formal.block import Block, prove_block
from rtloom.verif.formal.block_arithmetic import multiplier_block
from rtloom.verif.formal.block_functions import pieces
from rtloom.verif.formal.blocks import all_blocks, prove_blocks
from rtloom.verif.formal.proof import Proof

LIMIT = 60.0


@pytest.fixture(scope="module")
def blocks() -> dict[str, Block]:
    return {block.name: block for block in all_blocks()}


def planted(block: Block, old: str, new: str) -> Proof:
    text = block.files["block.v"]
    assert text.count(old) == 1, old
    return prove_block(replace(block, files={**block.files, "block.v": text.replace(old, new)}), LIMIT, None)


@pytest.mark.parametrize(
    "name",
    [
        "register-slice",
        "skid-buffer",
        "queue-3-registers",
        "queue-4-block",
        "fork",
        "join",
        "widen",
        "narrow",
    ],
)
def test_stream_blocks_are_proven_for_all_time(blocks: dict[str, Block], name: str) -> None:
    proof = prove_block(blocks[name], LIMIT, None)
    assert proof.status == "proven", proof
    assert proof.method == ("SAT" if name == "join" else "induction")
    assert proof.cover > 0


@pytest.mark.parametrize(
    "name",
    [
        "adder-tree",
        "saturate-int9-int5",
        "wrap-uint9-uint5",
        "round-variable",
        "leading-one-18",
        "packed-multiply-int4-uint4-int4",
        "packed-split-8-tight",
        "multiplier-rows-int8x4",
        "multiplier-booth-uint6x5",
        "piecewise-exp2",
        "exponential",
    ],
)
def test_arithmetic_blocks_equal_plain_arithmetic(blocks: dict[str, Block], name: str) -> None:
    proof = prove_block(blocks[name], LIMIT, None)
    assert (proof.status, proof.method) == ("proven", "SAT"), proof


def test_a_skid_buffer_that_drops_when_it_is_full(blocks: dict[str, Block]) -> None:
    proof = planted(
        blocks["skid-buffer"], "else if (i__valid) i__ready <= 1'h0;", "else if (i__valid) i__ready <= 1'h1;"
    )
    assert proof.status == "failed"
    assert proof.note in ("breaks never_more", "breaks in_order")


def test_a_queue_that_changes_the_order(blocks: dict[str, Block]) -> None:
    block = blocks["queue-3-registers"]
    wrong = block.harness.replace("o__payload == held[1:0]", "o__payload == held[3:2]")
    proof = prove_block(replace(block, harness=wrong), LIMIT, None)
    assert (proof.status, proof.note) == ("failed", "breaks in_order")


def test_a_multiplier_with_one_wrong_product() -> None:
    proof = planted(
        multiplier_block("rows", True, 5, 4), "$signed(a) * $signed(b)", "(a == 5'd9) ^ $signed(a) * $signed(b)"
    )
    assert (proof.status, proof.note) == ("failed", "breaks equal")


def test_a_block_that_can_show_nothing_is_not_proven(blocks: dict[str, Block]) -> None:
    block = multiplier_block("rows", True, 5, 4)
    proof = prove_block(replace(block, reach=block.harness), LIMIT, None)
    assert proof.status == "not finished"
    assert proof.note == "may be vacuous: nothing was reached"


def test_pieces_from_their_definition() -> None:
    shape = PiecewiseShape((8, 40), (3, -1), 2, 3)
    assert pieces(shape) == [8 // 8, 11 // 8, 14 // 8, 17 // 8, 40 // 8, 39 // 8, 38 // 8, 37 // 8]


def test_blocks_by_the_beginning_of_their_names() -> None:
    report = prove_blocks(["saturate-uint9", "join"])
    assert [proof.name for proof in report.proofs] == ["join", "saturate-uint9-int5", "saturate-uint9-uint5"]
    assert (report.design, report.passed) == ("blocks", True)
    with pytest.raises(InputError, match=r"Option --only must begin one of register-slice, .* not 'nothing'"):
        prove_blocks(["nothing"])
