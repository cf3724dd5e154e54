"""The model checker: ABC, which comes with Yosys, on an and-inverter graph."""

import importlib.util
import re
import subprocess
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from ...errors import ToolError
from ...hdl.yosys import yosys_version

__all__ = ["SEARCH_SECONDS", "Answer", "Search", "find_abc", "induction", "merge", "search"]

SEARCH_SECONDS = 3.0
"""How long a counterexample is looked for before an inductive proof is tried."""

_STATUS = re.compile(r"Status = (-?\d+)\s+Frames = (\d+)")
_FAILED = re.compile(r"was asserted in frame (\d+)")
_SEARCHED = re.compile(r"No output asserted in (\d+) frames")


@dataclass(frozen=True)
class Answer:
    """What the model checker found.

    Parameters
    ----------
    kind
        ``proven`` for all time, ``failed`` with a counterexample, or ``open``.
    cycles
        Cycles of the counterexample, or cycles from reset in which there is none.
    witness
        The counterexample, an AIGER witness.
    """

    kind: Literal["proven", "failed", "open"]
    cycles: int
    witness: Path | None = None


def find_abc() -> Path:
    """Return the program.

    Raises
    ------
    ToolError
        Where it is missing.
    """
    found = importlib.util.find_spec("pyosys")
    if found is None or found.origin is None:
        yosys_version()
        raise ToolError("Yosys must be installed as the Python package pyosys, which was not found")
    program = Path(found.origin).with_name("yosys-abc")
    if not program.is_file():
        raise ToolError(f"pyosys must come with the program yosys-abc, which is not beside {found.origin}")
    return program


def search(folder: Path, depth: int, seconds: float) -> Answer:
    """Look for the shortest counterexample of at most `depth` cycles in ``proof.aig``."""
    log = _abc(folder, ["orpos", f"bmc3 -F {depth} -T {_whole(seconds)}"], seconds)
    if "combinational" in log:
        return _without_registers(folder, seconds)
    failed = _FAILED.search(log)
    if failed:
        return Answer("failed", int(failed[1]) + 1, folder / "trace.aiw")
    searched = _SEARCHED.search(log)
    return Answer("open", min(int(searched[1]), depth) if searched else 0)


def merge(folder: Path, seconds: float) -> bool:
    """Merge registers and gates that always agree, by induction; tell whether that alone has proven everything.

    Leaves the smaller graph in ``merged.aig`` where the time was enough.
    """
    (folder / "merged.aig").unlink(missing_ok=True)
    _abc(folder, ["orpos", "scorr", "write_aiger merged.aig"], seconds)
    return _is_zero(folder / "merged.aig")


def induction(folder: Path, seconds: float) -> Answer:
    """Look for an inductive invariant by property-directed reachability (IC3), in ``merged.aig`` where there is one."""
    source = "merged.aig" if (folder / "merged.aig").is_file() else "proof.aig"
    log = _abc(folder, ["orpos", f"pdr -T {_whole(seconds)}", "print_status"], seconds, source)
    failed, status = _FAILED.search(log), _STATUS.search(log)
    if failed:
        return Answer("failed", int(failed[1]) + 1, folder / "trace.aiw")
    return Answer("proven" if status and int(status[1]) == 1 else "open", 0)


def _without_registers(folder: Path, seconds: float) -> Answer:
    """Decide a graph in which nothing is stored: one cycle shows all."""
    answer = Answer("proven", 1) if merge(folder, seconds) else induction(folder, seconds)
    return replace(answer, cycles=1)


def _abc(folder: Path, steps: list[str], seconds: float, source: str = "proof.aig") -> str:
    """Run commands on a graph, assumptions folded in; leave a counterexample in ``trace.aiw``; return the log."""
    script = "; ".join([f"read_aiger {source}", "fold", "strash", *steps, "write_cex -a trace.aiw"])
    (folder / "trace.aiw").unlink(missing_ok=True)
    try:
        done = subprocess.run(
            [find_abc(), "-c", script],
            cwd=folder,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=seconds + 10,
            check=False,
        )
    except subprocess.TimeoutExpired as late:
        return (late.stdout or b"").decode(errors="replace") if isinstance(late.stdout, bytes) else ""
    if done.returncode:
        raise ToolError(f"ABC must succeed, but ended with status {done.returncode}")
    _complete(folder)
    return done.stdout


def _complete(folder: Path) -> None:
    """Give a counterexample a first state of all registers: those that mattered begin as 0, and so do the others."""
    witness = folder / "trace.aiw"
    if witness.is_file():
        registers = int((folder / "proof.aig").read_bytes().split(b"\n", 1)[0].split()[3])
        inputs = witness.read_text(encoding="ascii").splitlines()[1:]
        witness.write_text("\n".join(["0" * registers, *inputs]) + "\n", encoding="ascii")


def _is_zero(path: Path) -> bool:
    """Tell whether a graph's one output is the constant 0, without gates or registers."""
    if not path.is_file():
        return False
    head, *outputs = path.read_bytes().split(b"\n")[:2]
    _, _, _, latches, _, gates = head.split()[:6]
    return (latches, gates) == (b"0", b"0") and outputs[0].strip() == b"0"


def _whole(seconds: float) -> int:
    """Return a time limit as ABC takes it, for which 0 would be none."""
    return max(int(seconds), 1)


class Search:
    """Time that is left for one proof."""

    def __init__(self, seconds: float) -> None:
        self.begin, self.seconds = time.monotonic(), seconds

    @property
    def spent(self) -> float:
        """Seconds since the beginning."""
        return time.monotonic() - self.begin

    @property
    def left(self) -> float:
        """Seconds until the limit, at least one."""
        return max(self.seconds - self.spent, 1.0)
