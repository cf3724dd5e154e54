"""Counterexamples and covers as waveforms: each is simulated on the words of the design, and must fail there."""

import json
import re
from pathlib import Path

from ...hdl.yosys import quote, run_yosys
from .harness import PROOF_TOP

__all__ = ["broken_assertion", "write_wave"]

_BROKEN = re.compile(r"Assertion (\S+) .*failed")
_ASSUMED = re.compile(r"Assumption \S+ .*failed")


def broken_assertion(folder: Path, timeout: float) -> str | None:
    """Simulate ``trace.aiw`` on ``words.il``; return which assertion breaks in its last cycle, None where none does.

    No assumption may break in it. The simulation shares neither gates nor solver with the model checker.

    Raises
    ------
    ToolError
        Where Yosys fails.
    """
    log = _simulated(folder, "", timeout)
    found = _BROKEN.search(log)
    if found is None or _ASSUMED.search(log):
        return None
    return found[1].removeprefix(f"{PROOF_TOP}.")


def write_wave(folder: Path, to: Path, timeout: float) -> Path:
    """Write the waveform (VCD) of ``trace.aiw``.

    Raises
    ------
    ToolError
        Where Yosys fails.
    """
    _simulated(folder, f"-vcd {quote(to.resolve())} ", timeout)
    return to


def _simulated(folder: Path, options: str, timeout: float) -> str:
    """Simulate the witness; return the log."""
    (folder / "trace.yw").write_text(_witness(folder), encoding="utf-8")
    passes = ["read_rtlil words.il", f"sim -r trace.yw -hdlname {options}{PROOF_TOP}"]
    return run_yosys(passes, directory=folder, timeout=timeout)


def _witness(folder: Path) -> str:
    """Return the AIGER witness as a Yosys one, which knows inputs and first states by their names in the words."""
    names = json.loads((folder / "proof.ywa").read_text(encoding="utf-8"))
    clocks = {clock["input"] for clock in names["clocks"]}
    changing = [bit for bit in [*names["inputs"], *names["seqs"]] if bit["input"] not in clocks]
    first = names["inits"]
    _, *lines = (folder / "trace.aiw").read_text(encoding="ascii").splitlines()
    cycles = [line for line in lines if line and not line.startswith("#")]
    steps = []
    for number, line in enumerate(cycles):
        bits = [line[bit["input"]] for bit in (changing if number else [*changing, *first])]
        steps.append({"bits": "".join(reversed(bits))})
    signals = [
        {"path": bit["path"], "offset": bit["offset"], "width": 1, "init_only": number >= len(changing)}
        for number, bit in enumerate([*changing, *first])
    ]
    head = {"format": "Yosys Witness Trace", "generator": "rtloom prove", "clocks": names["clocks"]}
    return json.dumps({**head, "signals": signals, "steps": steps})
