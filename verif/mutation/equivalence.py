"""Proof by Yosys that a fault changes nothing that can be seen, for faults that no trial found."""

import re
import tempfile
from pathlib import Path

from ...errors import ToolError
from ...hdl.yosys import run_yosys
from .faults import Fault

__all__ = ["changes_nothing"]

STEPS = 3
"""Cycles of the induction."""
TIME_LIMIT = 60.0
"""Seconds for one proof."""

_STATUS = re.compile(r"Of those cells (\d+) are proven and (\d+) are unproven")


def changes_nothing(netlist: str, top: str, fault: Fault, time_limit: float = TIME_LIMIT) -> bool:
    """Prove that a netlist with the fault and without it cannot be told apart from any state that both can have.

    Both are joined register by register; what is left after equal structure is merged is proven by SAT and induction.

    Parameters
    ----------
    netlist
        The flattened netlist without faults, RTLIL.
    top
        Its module.
    fault
        The fault.
    time_limit
        Seconds after which it counts as not proven.

    Returns
    -------
    bool
        False where no proof was found, which says nothing about the fault.
    """
    with tempfile.TemporaryDirectory(prefix="rtloom-mutate-") as name:
        folder = Path(name)
        (folder / "flat.il").write_text(netlist)
        (folder / "fault.ys").write_text(f"{fault.command}\n")
        passes = [
            "read_rtlil flat.il",
            f"copy {top} gold",
            "script fault.ys",
            f"rename {top} gate",
            "memory_map",
            "opt_expr",
            "opt_clean",
            "equiv_make gold gate both",
            "hierarchy -top both",
            "opt_clean",
            "equiv_struct -icells",
            "equiv_simple",
            f"equiv_induct -seq {STEPS}",
            "equiv_status",
        ]
        try:
            log = run_yosys(passes, directory=folder, timeout=time_limit)
        except ToolError:
            return False
    found = _STATUS.findall(log)
    return bool(found) and int(found[-1][1]) == 0
