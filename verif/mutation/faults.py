"""Faults of a netlist by Yosys, many in one design: an input selects which of them is there."""

import re
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ...errors import must
from ...generators.design import Design
from ...hdl.yosys import run_yosys

__all__ = ["SELECT", "SELECT_BITS", "Fault", "Faulty", "inject", "selection"]

SELECT = "rtloom_fault"
"""Input that selects a fault; 0 is none."""
SELECT_BITS = 16
MOST = (1 << SELECT_BITS) - 1

_OPTION = re.compile(r"-(mode|cell|port|portbit|ctrlbit|src) (\S+)")
_MODES = {
    "inv": "inverted",
    "const0": "stuck at 0",
    "const1": "stuck at 1",
    "cnot0": "inverted where bit {ctrlbit} is 0",
    "cnot1": "inverted where bit {ctrlbit} is 1",
}


@dataclass(frozen=True)
class Fault:
    """One bit of one cell's port that is wrong.

    Parameters
    ----------
    number
        What selects it, from 1.
    mode
        How it is wrong, in words.
    cell, port, bit
        Where, in the flattened netlist.
    lines
        Lines of the Verilog that the cell stands for, the innermost first; none where Yosys does not know.
    command
        The Yosys command that makes it, without the selection.
    """

    number: int
    mode: str
    cell: str
    port: str
    bit: int
    lines: tuple[int, ...]
    command: str

    def __str__(self) -> str:
        where = f"line {self.lines[0]}" if self.lines else self.cell
        return f"fault {self.number}: {where}, {self.cell} {self.port}[{self.bit}] {self.mode}"

    @classmethod
    def parse(cls, number: int, command: str) -> "Fault":
        """Read a line of ``mutate -list``."""
        options: dict[str, str] = {}
        lines: list[int] = []
        for name, value in _OPTION.findall(command):
            if name == "src":
                lines += [int(line) for line in re.findall(r":(\d+)\.", value)[:1]]
            options.setdefault(name, value)
        mode = _MODES[options["mode"]].format(**options)
        return cls(number, mode, options["cell"], options["port"], int(options["portbit"]), tuple(lines), command)


@dataclass(frozen=True)
class Faulty:
    """A design with faults that can be selected.

    Parameters
    ----------
    verilog
        Flattened, with the input `SELECT`.
    netlist
        The flattened netlist without faults, RTLIL.
    faults
        In the order of their numbers.
    """

    verilog: str
    netlist: str
    faults: tuple[Fault, ...]


def selection(faults: Sequence[Fault]) -> str:
    """Return the Yosys commands that make faults which the input `SELECT` selects."""
    commands = [f"mutate -ctrl {SELECT} {SELECT_BITS} {f.number} {f.command.removeprefix('mutate ')}" for f in faults]
    return "\n".join([*commands, ""])


def inject(design: Design, count: int, seed: int = 1) -> Faulty:
    """Choose faults all over a design and put them in.

    Parameters
    ----------
    design
        Emitted Verilog with its manifest.
    count
        Faults, 1 to 65,535; fewer where the netlist has no more places, or some fell on the contents of tables.
    seed
        Of the choice.

    Raises
    ------
    InputError
        Where the count is out of range.
    ToolError
        Where Yosys is missing or fails.
    """
    if not 1 <= count <= MOST:
        raise must("Mutation count", f"be from 1 to {MOST}", count)
    top = design.manifest.top
    with tempfile.TemporaryDirectory(prefix="rtloom-mutate-") as name:
        folder = Path(name)
        (folder / "design.v").write_text(design.verilog)
        flat = ["read_verilog design.v", f"hierarchy -check -top {top}", "proc", "flatten", "opt_expr", "opt_clean"]
        run_yosys(
            [*flat, "write_rtlil flat.il", f"mutate -list {count} -seed {seed} -o faults.txt"],
            directory=folder,
            quiet=True,
        )
        # What a memory holds from the start must stay constant, so that no input could select a fault in it.
        listed = (folder / "faults.txt").read_text().splitlines()
        commands = [command for command in listed if "$meminit" not in command]
        faults = tuple(Fault.parse(number, command) for number, command in enumerate(commands, 1))
        (folder / "selected.ys").write_text(selection(faults))
        run_yosys(
            ["read_rtlil flat.il", "script selected.ys", "opt_clean", "write_verilog -noattr faulty.v"],
            directory=folder,
            quiet=True,
        )
        return Faulty((folder / "faulty.v").read_text(), (folder / "flat.il").read_text(), faults)
