"""One synthesis run: its folder, its input, and the time that is left."""

import json
import re
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Self

from ..errors import ToolError, must
from .netlist import Netlist
from .yosys import quote, run_yosys, yosys_version

__all__ = ["SynthRun"]


class SynthRun:
    """A context in which Yosys runs on one design.

    Parameters
    ----------
    verilog
        A Verilog file, or Verilog text.
    top
        Name of the top module.
    time_limit
        Seconds for everything.

    Attributes
    ----------
    read
        Yosys command that reads the Verilog; SystemVerilog if the file's name ends in ``.sv``.
    tool
        Name and version of the tool.
    """

    def __init__(self, verilog: Path | str, top: str, time_limit: float) -> None:
        if not re.fullmatch(r"[A-Za-z_][\w$]*", top):
            raise must("Synthesis top", "be the name of a Verilog module", top)
        self.verilog, self.top, self.time_limit = verilog, top, time_limit
        self.began = time.monotonic()
        self.tool = f"Yosys {yosys_version()}"

    def __enter__(self) -> Self:
        """Make the folder and find the Verilog."""
        self.temporary = tempfile.TemporaryDirectory(prefix="rtloom-synth-")
        self.folder = Path(self.temporary.name)
        if isinstance(self.verilog, str):
            (self.folder / "design.v").write_text(self.verilog)
            self.read = "read_verilog design.v"
        else:
            file = self.verilog.resolve()
            if not file.is_file():
                self.temporary.cleanup()
                raise must("Verilog file", "exist", str(self.verilog))
            self.read = f"read_verilog {'-sv ' if file.suffix == '.sv' else ''}{quote(file)}"
        return self

    def __exit__(self, *_: object) -> None:
        """Remove the folder."""
        self.temporary.cleanup()

    def yosys(self, passes: Sequence[str]) -> str:
        """Run Yosys within the time that is left and return its log."""
        left = self.time_limit - self.seconds
        try:
            return run_yosys(passes, timeout=max(left, 0.01), directory=self.folder)
        except ToolError as error:
            if self.seconds >= self.time_limit:
                limit = f"{self.time_limit:g} seconds"
                raise ToolError(f"Synthesis of {self.top} must finish within {limit}, but was still running") from None
            raise error from None

    def netlist(self, name: str) -> Netlist:
        """Return a netlist that Yosys wrote into the folder."""
        return Netlist(json.loads((self.folder / name).read_text()), self.top)

    @property
    def seconds(self) -> float:
        """Seconds since the beginning."""
        return time.monotonic() - self.began
