"""Proof that a fault changes nothing that can be seen, for faults that no trial found."""

import math
import subprocess
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from threading import Lock

from ...errors import ToolError
from ...hdl.manifest import Manifest
from ...hdl.yosys import abc_program, run_yosys
from .circuit import Circuit
from .cones import Cones, Reach
from .contract import Contract
from .faults import SELECT, SELECT_BITS, Fault, selection
from .history import History

__all__ = ["GIVEN", "Answer", "Prover"]

STEPS = 3
"""Registers in a row through which a difference is followed before it is followed through all."""
SETTLE = 8
"""Cycles of the reset that a proof may assume: pipelines then hold what they always will."""
BACK = 3
"""Registers in a row that a difference may lie in, where the past of all is looked at."""
QUICK, LONG = 1.5, 8.0
"""Seconds for a proof of such a part, and for one of the whole."""
GIVEN = ", given "
"""Begins the words of an assumption."""
PROVED, UNKNOWN = "proved", "not decided"
SOLVED = [b"0", b"1", b"0", b"0"]
"""Registers, outputs and gates of a model that has become a constant, and its output."""

GATES = (
    *(
        "opt_clean",
        "memory_map",
        "async2sync",
        "dffunmap",
        "opt_clean",
        "simplemap",
        "techmap",
        "opt_expr",
        "opt_clean",
    ),
    # What has no value may have any, the same with and without the fault.
    *("setundef -anyseq", "aigmap"),
    # Other names of a port would be taken for the port.
    "opt_clean -purge",
)


@dataclass(frozen=True)
class Answer:
    """What a proof gave.

    Parameters
    ----------
    equal
        Whether nothing that can be seen differs.
    words
        Why: what was proven and under which assumption, or how soon something differs, or that it is not known.
    """

    equal: bool
    words: str


class Prover:
    """Compares a netlist with faults and without.

    Both start in any state that a reset leaves behind and get the same inputs in all cycles, further resets among them.
    Seen are ``valid`` of outputs, what else they carry where valid, and ``ready`` of inputs where something is offered.
    Registers that cannot differ are one in the model; of the others there are two. What is proven of the model is that
    no output, and no register of which there is but one, ever differs.

    Parameters
    ----------
    netlist
        The flattened netlist without faults, RTLIL.
    manifest
        Its manifest.
    faults
        Those that will be asked about.

    Raises
    ------
    ToolError
        Where Yosys is missing or fails.
    """

    def __init__(self, netlist: str, manifest: Manifest, faults: Sequence[Fault]) -> None:
        with tempfile.TemporaryDirectory(prefix="rtloom-mutate-") as name:
            folder = Path(name)
            (folder / "flat.il").write_text(netlist)
            (folder / "faults.ys").write_text(selection(faults))
            passes = ["read_rtlil flat.il", "script faults.ys", *GATES, "write_aiger -symbols faulty.aig"]
            run_yosys(passes, directory=folder, quiet=True)
            circuit = Circuit.parse((folder / "faulty.aig").read_bytes())
        select = tuple(circuit.variable(f"{SELECT}[{bit}]") for bit in range(SELECT_BITS))
        reset = circuit.variable(manifest.reset.name)
        self._cones = Cones(circuit, select, reset, manifest.reset.active_low)
        self._contract = Contract(self._cones, manifest)
        self._lock = Lock()

    def answer(self, fault: Fault) -> Answer:
        """Compare with one fault; threads may ask side by side."""
        with self._lock:
            return self._in_any_state(fault.number) or self._in_reached_states(fault.number)

    def _in_any_state(self, number: int) -> Answer | None:
        """Look for a proof that asks for no reset, and none of the states that can be reached."""
        cones = self._cones
        reach = cones.reach(number, cones.gold)
        for steps in range(BACK):
            bad = self._bad(reach)
            if bad and steps:
                bad = History(cones, reach, steps + 1).seen(bad)
            if not bad or self._ask(_decide, cones.graph.model(bad, {}), QUICK) == PROVED:
                return Answer(True, _proven(reach))
            if not reach.frontier:
                break
            cones.step(reach, cones.gold)
        return None

    def _in_reached_states(self, number: int) -> Answer:
        """Look for a difference first; then for a proof near the fault, and as far as the fault reaches."""
        cones = self._cones
        under_reset = self._after_reset(number)
        whole = cones.reach(number, cones.gold, None)
        if soon := self._ask(_trace, self._model(whole, under_reset, assume=True), QUICK):
            return Answer(False, soon)
        if near := self._near(number, under_reset):
            return Answer(True, near)
        found = self._ask(_decide, self._model(whole, under_reset), LONG)
        if found == PROVED:
            return Answer(True, _proven(whole))
        if found != UNKNOWN:
            found = self._ask(_decide, self._model(whole, under_reset, assume=True), LONG)
            if found == PROVED:
                return Answer(True, f"{_proven(whole)}{GIVEN}{self._contract.WORDS}")
        if near := self._near(number, under_reset, (cones.settled(0, SETTLE), cones.settled(number, SETTLE))):
            return Answer(True, f"{near}{GIVEN}that the first reset takes {SETTLE} cycles")
        return Answer(False, found)

    def _near(self, number: int, under_reset: Reach, settled: tuple[list[int], list[int]] | None = None) -> str:
        """Look for a proof that a difference stays near the fault; return what was proven."""
        cones = self._cones
        reach = cones.reach(number, cones.gold)
        cones.step(reach, cones.gold, under_reset.registers)
        for _ in range(STEPS):
            if self._ask(_decide, self._model(reach, under_reset, settled=settled), QUICK) == PROVED:
                return _proven(reach)
            if not reach.frontier:
                break
            cones.step(reach, cones.gold)
        return ""

    def _ask(self, question: Callable[[bytes, float], str], model: bytes, limit: float) -> str:
        """Ask ABC, while other threads build their models."""
        self._lock.release()
        try:
            return question(model, limit)
        finally:
            self._lock.acquire()

    def _after_reset(self, number: int) -> Reach:
        """Return what a fault changes in cycles of reset: nothing, where no register takes over anything else then."""
        cones = self._cones
        reach = cones.reach(number, cones.gold_reset)
        bad = self._ahead(reach, cones.gold_reset)
        if not bad or self._ask(_decide, cones.graph.model(bad, {}), QUICK) == PROVED:
            reach.frontier.clear()
        while reach.frontier:
            cones.step(reach, cones.gold_reset)
        return reach

    def _bad(self, reach: Reach) -> int:
        """Return the literal that says that a difference can be seen, or comes to a register that has none yet."""
        return self._cones.graph.either(self._contract.differs(reach), self._ahead(reach, self._cones.gold))

    def _model(
        self,
        reach: Reach,
        under_reset: Reach,
        *,
        assume: bool = False,
        settled: tuple[list[int], list[int]] | None = None,
    ) -> bytes:
        """Return what is asked about the states that can be reached."""
        states = self._cones.states(reach, under_reset, settled)
        bad = self._bad(reach)
        return self._cones.graph.model(self._contract.allowed(bad, states) if assume else bad, states)

    def _ahead(self, reach: Reach, gold: list[int]) -> int:
        """Return the literal that says that a register of the frontier is about to differ."""
        taken = [self._cones.circuit.registers[one] for one in reach.frontier]
        return self._cones.graph.any(self._cones.differ(reach, literal, gold) for literal in taken)


def _proven(reach: Reach) -> str:
    """Say how far a difference goes."""
    count = len(reach.registers)
    return f"at most {count} register{'s differ' if count > 1 else ' differs'}" if count else "no register ever differs"


def _decide(model: bytes, limit: float) -> str:
    """Ask ABC whether the output of a model is ever 1: `PROVED`, or how soon, or `UNKNOWN`.

    Signals that stay equal are merged first, by induction; then an invariant is looked for, or a trace.

    Parameters
    ----------
    model
        Binary AIGER with one output.
    limit
        Seconds of computing time.
    """
    with tempfile.TemporaryDirectory(prefix="rtloom-prove-") as name:
        folder = Path(name)
        (folder / "model.aig").write_bytes(model)
        _abc("read_aiger model.aig; &get; &scorr; &put; write_aiger merged.aig", folder, limit)
        merged = folder / ("merged.aig" if (folder / "merged.aig").exists() else "model.aig")
        head = merged.read_bytes().split(b"\n", 2)
        if [*head[0].split()[3:6], head[1]] == SOLVED:
            return PROVED
        # ABC measures time on the clock, however many others use the machine.
        log = _abc(f"read_aiger {merged.name}; pdr -T {8 * limit:g}", folder, limit)
    return PROVED if "Property proved" in log else _soon(log) or UNKNOWN


def _trace(model: bytes, limit: float) -> str:
    """Ask ABC how soon the output of a model may be 1; return an empty string where it is not known."""
    with tempfile.TemporaryDirectory(prefix="rtloom-prove-") as name:
        folder = Path(name)
        (folder / "model.aig").write_bytes(model)
        return _soon(_abc(f"read_aiger model.aig; bmc3 -T {8 * limit:g}", folder, limit))


def _soon(log: str) -> str:
    """Return when the output was 1, if it was."""
    if "asserted in frame" not in log:
        return ""
    return f"differs in cycle {log.split('asserted in frame', 1)[1].split('.', maxsplit=1)[0].strip()} after a reset"


def _abc(script: str, folder: Path, limit: float) -> str:
    """Run ABC and return what it says, be it ended early or not."""
    limited = f'ulimit -t {math.ceil(limit)}; exec "$0" -q "$1"'
    command: list[str | Path] = ["sh", "-c", limited, abc_program(), script]
    with (folder / "abc.log").open("w+") as log:
        try:
            subprocess.run(command, cwd=folder, stdout=log, check=False, timeout=20 * limit)
        except subprocess.TimeoutExpired:
            pass
        except OSError as error:
            raise ToolError(f"ABC must be there to prove equivalence, but: {error}") from None
        log.seek(0)
        return log.read()
