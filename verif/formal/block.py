"""A building block, its specification in plain Verilog, and how one is proven equal to the other."""

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from amaranth.lib import wiring

from ...hdl.emit import emit_verilog
from .decide import keep_trace
from .engine import Answer, Search, induction, merge, search
from .harness import PROOF_TOP, rules_file
from .prepare import prepare
from .proof import Proof
from .traces import broken_assertion

__all__ = ["DUT", "Block", "prove_block", "verilog_of", "window"]

DUT = "block"
"""Name of a block's module."""


@dataclass(frozen=True)
class Block:
    """A claim about a building block.

    Parameters
    ----------
    name
        Short name.
    claim
        What is claimed, with the sizes for which.
    files
        File name -> Verilog of the block.
    harness
        The proof module: the block beside its specification, with assertions.
    reach
        The same with an assertion that must break: the trace to it is the cover.
    steps
        Cycles from any state after which all is seen, for blocks without feedback; None for an inductive proof.
    passes
        What Yosys does to the block first.
    """

    name: str
    claim: str
    files: Mapping[str, str]
    harness: str
    reach: str
    steps: int | None = None
    passes: Sequence[str] = field(default=())


def verilog_of(component: wiring.Component) -> dict[str, str]:
    """Return the emitted Verilog of a block as its file."""
    return {"block.v": emit_verilog(component, DUT).text}


def window(inputs: Mapping[str, int], outputs: Mapping[str, int], cycles: int, wanted: str, pins: str = "") -> str:
    """Return a harness in which outputs follow inputs of some cycles ago.

    Parameters
    ----------
    inputs, outputs
        Ports of the block and their bits; those of `pins`, which are constant, left out.
    cycles
        Latency. The inputs of then are called ``<name>_then`` in `wanted`.
    wanted
        Declarations and one ``wire good = …`` that says what the outputs must be.
    pins
        Further pins of the block, for example ``.en(1'b1)``.
    """
    width = sum(inputs.values())
    names = ", ".join(inputs)
    then = ", ".join(f"{name}_then" for name in inputs)
    declared = "\n  ".join(
        [f"wire [{bits - 1}:0] {name};" for name, bits in outputs.items()]
        + [f"wire [{bits - 1}:0] {name}_then;" for name, bits in inputs.items()]
    )
    ties = ", ".join([*(f".{name}({name})" for name in [*inputs, *outputs]), *([pins] if pins else [])])
    delayed = f"{{{names}}}"
    line = ""
    if cycles:
        line = f"reg [{width * cycles - 1}:0] line;\n  always @(posedge clk) line <= {{line, {names}}};"
        delayed = f"line[{width * cycles - 1} -: {width}]"
    ports = ", ".join(["input clk", *(f"input [{bits - 1}:0] {name}" for name, bits in inputs.items())])
    return f"""module {PROOF_TOP} ({ports});
  {declared}
  {DUT} dut ({ties});
  reg [{cycles.bit_length() + 1}:0] age = 0;
  always @(posedge clk) if (age < {max(cycles, 1)}) age <= age + 1;
  {line}
  assign {{{then}}} = {delayed};
  {wanted}
  always @* equal: assert (age < {max(cycles, 1)} || good);
endmodule
"""


def prove_block(block: Block, seconds: float, traces: Path | None) -> Proof:
    """Prove a block equal to its specification.

    Raises
    ------
    ToolError
        Where a tool fails.
    """
    clock = Search(seconds)
    with tempfile.TemporaryDirectory(prefix="rtloom-prove-") as name:
        folder = Path(name)
        answer = _ask(block, block.harness, folder / "proof", clock)
        proof = Proof(block.name, block.claim, "SAT" if block.steps else "induction", "not finished", block.steps)
        if answer.kind == "failed":
            broken = broken_assertion(folder / "proof", seconds)
            failed = replace(proof, method="bounded", status="failed", depth=answer.cycles, note=f"breaks {broken}")
            return replace(keep_trace(failed, folder / "proof", traces, "block"), seconds=clock.spent)
        if answer.kind == "open":
            return replace(proof, depth=answer.cycles, seconds=clock.spent)
        reached = _ask(replace(block, steps=20), block.reach, folder / "reach", clock)
        if reached.kind != "failed" or broken_assertion(folder / "reach", seconds) is None:
            return replace(proof, note="may be vacuous: nothing was reached", seconds=clock.spent)
        return replace(proof, status="proven", cover=reached.cycles, seconds=clock.spent)


def _ask(block: Block, harness: str, folder: Path, clock: Search) -> Answer:
    """Prepare and ask the model checker."""
    sources = {**block.files, "rules.sv": rules_file(), "proof.sv": harness}
    prepare(folder, sources, cut=False, timeout=clock.left, first=block.passes)
    if block.steps is None:
        return Answer("proven", 0) if merge(folder, clock.left / 2) else induction(folder, clock.left)
    answer = search(folder, block.steps, clock.left)
    # From any state so many cycles show everything that there is.
    whole = answer.kind == "open" and answer.cycles >= block.steps
    return replace(answer, kind="proven") if whole else answer
