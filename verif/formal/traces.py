"""Counterexamples and covers as waveforms: the witness is simulated on the words of the design, and must fail there."""

import re
from pathlib import Path

from ...errors import ToolError
from ...hdl.yosys import quote, run_yosys
from .harness import PROOF_TOP

__all__ = ["broken_assertion", "write_wave"]

_SIM = "sim -q -r trace.aiw -map proof.aim -hdlname -clock clk"
_BROKEN = re.compile(r"Assertion (\S+) .*failed")


def broken_assertion(folder: Path, timeout: float) -> str | None:
    """Simulate ``trace.aiw`` on ``words.il``; return which assertion breaks, None where none does.

    This does not share the model checker's translation to gates.
    """
    try:
        run_yosys(["read_rtlil words.il", f"{_SIM} -assert {PROOF_TOP}"], directory=folder, timeout=timeout)
    except ToolError as error:
        found = _BROKEN.search(str(error))
        if found is None:
            raise
        return found[1].removeprefix(f"{PROOF_TOP}.")
    return None


def write_wave(folder: Path, to: Path, timeout: float) -> Path:
    """Write the waveform (VCD) of ``trace.aiw``.

    Raises
    ------
    ToolError
        Where Yosys fails.
    """
    wave = quote(to.resolve())
    run_yosys(["read_rtlil words.il", f"{_SIM} -vcd {wave} {PROOF_TOP}"], directory=folder, timeout=timeout)
    return to
