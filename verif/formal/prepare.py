"""From Verilog with assertions to the forms that provers read: an and-inverter graph, SMT-LIB, a word-level netlist."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from ...hdl.yosys import quote, run_yosys
from .harness import PROOF_TOP

__all__ = ["prepare", "prepare_paths", "prepare_smt"]

ARITHMETIC = ("$mul", "$div", "$mod", "$divfloor", "$modfloor", "$macc", "$macc_v2")
"""Cells that a prover need not look into where a rule is about handshakes: their results are left free."""
LARGE_MEMORY = 16
"""Words from which on a memory's contents are left free."""

_WORDS = (
    "proc",
    "flatten",
    "opt_clean",
    "chformal -lower",
)
_FREE = (
    "opt_expr",
    "opt_clean",
    "memory_nordff",
    "async2sync",
    "dffunmap",
    "opt_clean",
    "setundef -undriven -anyseq",
    "formalff -setundef -clk2ff -ff2anyinit",
    "opt_clean",
    "memory_map -formal",
    "opt -fast",
)
_GATES = (
    "techmap",
    "opt -fast",
    "formalff -clk2ff -ff2anyinit",
    "simplemap",
    "dffunmap",
    "aigmap",
    "opt_clean",
)


def prepare(folder: Path, sources: Mapping[str, str], *, cut: bool, timeout: float, first: Sequence[str] = ()) -> None:
    """Make a proof's and-inverter graph ``proof.aig`` with its map ``proof.ywa``, and ``words.il``.

    Parameters
    ----------
    folder
        Where to; made if need be.
    sources
        File name -> Verilog, the one with `harness.PROOF_TOP` included; those that end in ``.sv`` may hold
        assertions, those that end otherwise are only written.
    cut
        Leave products and large memories free: what is proven then holds all the more, what fails may not.
    timeout
        Seconds for Yosys.
    first
        Passes on what was read, before all others.

    Raises
    ------
    ToolError
        Where Yosys fails or runs out of time.
    """
    words = [*_read(folder, sources), *first, *_WORDS, *(_cuts() if cut else ()), *_FREE, "write_rtlil words.il"]
    passes = [*words, *_GATES]
    passes.append("write_aiger -I -B -zinit -ywmap proof.ywa proof.aig")
    run_yosys(passes, directory=folder, timeout=timeout)


def prepare_smt(folder: Path, sources: Mapping[str, str], *, timeout: float) -> Path:
    """Make the SMT-LIB form of a proof; arguments as `prepare`; return the file."""
    passes = [*_read(folder, sources), *_WORDS, *_FREE, "write_smt2 -wires proof.smt2"]
    run_yosys(passes, directory=folder, timeout=timeout)
    return folder / "proof.smt2"


def prepare_paths(folder: Path, sources: Mapping[str, str], *, timeout: float) -> str:
    """Return the graph of gates between a proof module's ports and registers as ASCII AIGER with names."""
    # A path ends at a register, so that only what lies between them and the ports is kept.
    borders = ["memory_nordff", "cutpoint t:$*dff*", "opt_clean"]
    passes = [*_read(folder, sources), "proc", "flatten", "opt_clean", "chformal -remove", *borders, *_FREE, *_GATES]
    passes.append("write_aiger -ascii -symbols -zinit paths.aag")
    run_yosys(passes, directory=folder, timeout=timeout)
    return (folder / "paths.aag").read_text(encoding="utf-8")


def _read(folder: Path, sources: Mapping[str, str]) -> list[str]:
    """Write the sources; return how they are read."""
    folder.mkdir(parents=True, exist_ok=True)
    commands = []
    for name, text in sources.items():
        (folder / name).write_text(text, encoding="utf-8")
        if not name.endswith((".v", ".sv")):
            continue
        formal = "-formal " if name.endswith(".sv") else ""
        commands.append(f"read_verilog {formal}-sv {quote(name)}")
    return [*commands, f"hierarchy -check -top {PROOF_TOP}"]


def _cuts() -> list[str]:
    """Leave results of multipliers and words of large memories free."""
    kinds = " ".join(f"t:{kind}" for kind in ARITHMETIC)
    return [f"cutpoint {kinds}", f"cutpoint t:$mem_v2 r:SIZE>={LARGE_MEMORY} %i", "opt_clean"]
