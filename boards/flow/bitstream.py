"""From a specification to the file that a board is loaded with."""

import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ...generators.spec import Spec, load
from ...hdl.emit import Verilog
from ...hdl.verilog_names import plain
from ..board import Board
from ..catalogue import board as find_board
from ..pll.setting import Setting
from ..shell.emit import emit_shell
from ..shell.params import clocks_per_bit, shell_params
from .clock import Build, Closed, close_timing
from .pack import SUFFIXES, pack
from .place import PLACERS
from .report import BitstreamReport, make_report
from .synthesis import synthesize_board
from .tools import program
from .top import CONSTRAINTS, constraints, top_verilog

__all__ = ["Bitstream", "bitstream", "build_bitstream"]

_PACKERS = {"ice40": "icepack", "ecp5": "ecppack", "gowin": "gowin_pack"}


@dataclass(frozen=True)
class Bitstream:
    """A bitstream and what it was made from.

    Parameters
    ----------
    data
        What the board is loaded with.
    report
        What it takes and how fast it is.
    files
        Name -> content of all files: the bitstream first, then ``<name>.report.json``, ``<name>.manifest.json``,
        ``design.v``, ``top.v`` and the file of pins.
    netlist
        What was placed, as Yosys writes JSON.
    """

    data: bytes
    report: BitstreamReport
    files: Mapping[str, bytes]
    netlist: str


def bitstream(
    spec: Spec | str | Path | Mapping[str, Any],
    board: Board | str,
    *,
    seeds: Sequence[int] = (1, 2, 3),
    clock_mhz: float | None = None,
    margin: float = 0.0,
    time_limit: float = 3600.0,
    tell: Callable[[str], None] = lambda _: None,
) -> Bitstream:
    """Make the bitstream of a specification's design in its shell.

    Parameters
    ----------
    spec
        What to make.
    board
        For which board.
    seeds
        Of place and route. The same ones give the same bytes.
    clock_mhz
        The clock wanted; the fastest that the board has and the design reaches, if not given.
    margin
        Part of the highest frequency that is kept free.
    time_limit
        Seconds for synthesis, and for each run of place and route.
    tell
        Told each step.

    Raises
    ------
    InputError
        Where specification, board or an option break a rule, or the design does not fit the board.
    CheckError
        Where the clock is not reached: names the critical path.
    ToolError
        Where a tool is missing or fails.
    """
    loaded = load(spec)
    target = find_board(board) if isinstance(board, str) else board
    return build_bitstream(
        loaded.name,
        target,
        lambda clocks: emit_shell(loaded, clocks),
        peak=loaded.family.peak(loaded.params),
        manifest=_design(loaded),
        seeds=seeds,
        clock_mhz=clock_mhz,
        margin=margin,
        time_limit=time_limit,
        tell=tell,
    )


def build_bitstream(
    name: str,
    board: Board,
    shell: Callable[[int], Verilog],
    *,
    peak: float,
    manifest: Mapping[str, Any],
    seeds: Sequence[int] = (1, 2, 3),
    clock_mhz: float | None = None,
    margin: float = 0.0,
    time_limit: float = 3600.0,
    tell: Callable[[str], None] = lambda _: None,
) -> Bitstream:
    """Make the bitstream of a shell; parameters that `bitstream` does not have are below.

    Parameters
    ----------
    name
        Of the design; files are called after it.
    shell
        Makes the module ``rtloom_board`` for a number of clock cycles a bit.
    peak
        Multiply-accumulates a cycle.
    manifest
        What the manifest says of the design.
    """
    for tool in (PLACERS[board.fpga], _PACKERS[board.fpga]):
        program(tool)  # a tool that is missing is known at once, not after synthesis
    seconds = {"Verilog": 0.0, "synthesis": 0.0}
    maker = _Maker(board, shell, seconds, time_limit, tell)
    began = time.monotonic()
    clock_hz = None if clock_mhz is None else clock_mhz * 1e6
    closed = close_timing(board, maker, seeds=seeds, clock_hz=clock_hz, margin=margin, time_limit=time_limit, tell=tell)
    seconds["place and route"] = time.monotonic() - began - sum(seconds.values())
    tell("pack")
    packed_from = time.monotonic()
    data = pack(board, closed.placed.routed)
    seconds["pack"] = time.monotonic() - packed_from
    clocks = clocks_per_bit(float(closed.setting.f_out), board.baud)
    report = make_report(name, board, closed, peak, clocks, seconds)
    files = _files(name, board, closed, report, data, manifest)
    return Bitstream(data, report, files, closed.build.synthesis.netlist)


class _Maker:
    """Makes shell, top and netlist for a clock, each as often as it has to be."""

    def __init__(
        self,
        board: Board,
        shell: Callable[[int], Verilog],
        seconds: dict[str, float],
        time_limit: float,
        tell: Callable[[str], None],
    ) -> None:
        self.board, self.shell, self.seconds, self.time_limit, self.tell = board, shell, seconds, time_limit, tell
        self.designs: dict[int, Verilog] = {}

    def __call__(self, setting: Setting) -> Build:
        """Make everything for one clock."""
        began = time.monotonic()
        clocks = clocks_per_bit(float(setting.f_out), self.board.baud)
        if clocks not in self.designs:
            self.tell("Verilog")
            self.designs[clocks] = self.shell(clocks)
        design, top = self.designs[clocks], top_verilog(self.board, setting)
        self.seconds["Verilog"] += time.monotonic() - began
        self.tell(f"synthesis for {setting.mhz}")
        synthesis = synthesize_board(self.board, design.text, top, time_limit=self.time_limit)
        self.seconds["synthesis"] += synthesis.seconds
        return Build(design, top, synthesis)


def _design(spec: Spec) -> dict[str, Any]:
    """Return what the manifest says of a specification's design."""
    shell = shell_params(spec, 4)  # the line's speed is no part of what is taken from it
    return {
        "name": spec.name,
        "family": spec.family.name,
        "params": spec.params.to_dict(),
        "digest": spec.params.digest,
        "identity": shell.identity.hex(),
        "streams": [port.to_dict() for port in shell.ports],
    }


def _files(
    name: str, board: Board, closed: Closed, report: BitstreamReport, data: bytes, manifest: Mapping[str, Any]
) -> dict[str, bytes]:
    """Return all files by name."""
    stem = plain(name)
    packed = f"{stem}{SUFFIXES[board.fpga]}"
    whole = {**manifest, "board": board.to_dict(), "clock": report.clock, "line": report.line, "bitstream": packed}
    texts = {
        f"{stem}.report.json": json.dumps(report.to_dict(), indent=2) + "\n",
        f"{stem}.manifest.json": json.dumps(whole, indent=2) + "\n",
        "design.v": closed.build.design.text,
        "top.v": closed.build.top,
        CONSTRAINTS[board.fpga]: constraints(board),
    }
    return {packed: data} | {file: text.encode() for file, text in texts.items()}
