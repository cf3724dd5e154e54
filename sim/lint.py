"""Read Verilog as strictly as its users' tools will: Verilator -Wall, Yosys, and Icarus where it is installed."""

import re
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from ..errors import CheckError, InputError, ToolError, must
from ..hdl.yosys import quote, run_yosys, yosys_version
from ..processes import died, run_tool
from .verilator import find_verilator

__all__ = ["Finding", "LintReport", "lint"]

WAIVERS = Path(__file__).parent / "waivers.vlt"
LIMIT = 600.0
"""Seconds for each reader."""
_VERILATOR = re.compile(r"^%(?:Warning|Error)(?:-(?P<rule>\w+))?: (?:(?P<place>\S+?:\d+)(?::\d+)?: )?(?P<text>.*)$")
FAREWELLS = ("Exiting due to", "Command Failed", "Cannot continue", "I give up")
"""How readers end after errors; no findings of their own."""
_YOSYS = re.compile(r"^Warning: (?P<text>.*)$")


@dataclass(frozen=True)
class Finding:
    """One complaint: which reader, its rule (may be empty), ``file:line`` (may be empty), what it says."""

    reader: str
    rule: str
    place: str
    text: str

    def __str__(self) -> str:
        rule = f" {self.rule}" if self.rule else ""
        return f"{self.place + ': ' if self.place else ''}{self.text} [{self.reader}{rule}]"


@dataclass(frozen=True)
class LintReport:
    """What the readers said.

    Parameters
    ----------
    top
        Top module.
    readers
        Reader and its version, for each that read the design.
    findings
        All complaints; a clean design has none.
    """

    top: str
    readers: tuple[str, ...]
    findings: tuple[Finding, ...]

    @property
    def clean(self) -> bool:
        """Whether no reader complained."""
        return not self.findings

    def require(self) -> "LintReport":
        """Return the report, or raise `CheckError` with the number of complaints and the first."""
        if not self.clean:
            raise CheckError(f"{self.top} must be clean, not have {len(self.findings)} findings: {self.findings[0]}")
        return self

    def to_dict(self) -> dict[str, Any]:
        """Return plain values, as ``--json`` prints them."""
        return {
            "top": self.top,
            "clean": self.clean,
            "readers": list(self.readers),
            "findings": [vars(finding) for finding in self.findings],
        }


def lint(verilog: str | Path | Sequence[Path], top: str) -> LintReport:
    """Let every reader elaborate the design and collect what it says.

    Verilator runs with ``--lint-only -Wall``; rules that are waived stand with their reasons in ``waivers.vlt``. Yosys
    elaborates the hierarchy and its ``check`` looks for loops, several drivers, and wires without one; a latch is a
    finding. Icarus Verilog runs with ``-Wall`` if it is on PATH.

    Parameters
    ----------
    verilog
        Text or files of the design.
    top
        Name of the top module.

    Raises
    ------
    InputError
        Where a file is missing.
    ToolError
        Where a reader is missing, crashes or hangs.
    """
    with TemporaryDirectory(prefix="rtloom-lint-") as folder:
        files = _files(verilog, top, Path(folder))
        findings: list[Finding] = []
        readers = []
        for reader in (_verilator, _yosys, _icarus):
            version = reader(files, top, findings)
            if version:
                readers.append(version)
    return LintReport(top, tuple(readers), tuple(findings))


def _files(verilog: str | Path | Sequence[Path], top: str, folder: Path) -> list[Path]:
    if isinstance(verilog, str):
        path = folder / f"{top}.v"
        path.write_text(verilog)
        return [path]
    files = [verilog] if isinstance(verilog, Path) else list(verilog)
    if not files:
        raise InputError("Verilog must be given: text or at least one file")
    for path in files:
        if not path.is_file():
            raise must("Verilog file", "exist", str(path))
    return [path.resolve() for path in files]


def _verilator(files: Sequence[Path], top: str, findings: list[Finding]) -> str:
    tool = find_verilator()
    command: list[str | Path] = [tool.command, "--lint-only", "-Wall", "-Wno-fatal", "--no-timing", "--top-module", top]
    finished = run_tool("Verilator", [*command, WAIVERS, *files], limit=LIMIT, env=tool.environment())
    found = [_finding("Verilator", match) for match in map(_VERILATOR.match, finished.output.splitlines()) if match]
    found = [finding for finding in found if not finding.text.startswith(FAREWELLS)]
    if finished.status and not found:
        raise died("Verilator", finished)
    findings += found
    return f"Verilator {tool.text}"


def _finding(reader: str, match: re.Match[str]) -> Finding:
    """Return a complaint with the file's name instead of its whole path."""
    parts = match.groupdict()
    return Finding(reader, parts.get("rule") or "", (parts.get("place") or "").rsplit("/", 1)[-1], parts["text"])


def _yosys(files: Sequence[Path], top: str, findings: list[Finding]) -> str:
    passes = [f"read_verilog {quote(path)}" for path in files]
    passes += [f"hierarchy -check -top {top}", "proc", "check", "select -assert-none t:$dlatch t:$adlatch t:$dlatchsr"]
    try:
        log = run_yosys(passes, timeout=LIMIT)
    except ToolError as error:
        # Its own words, where it rejects the design; anything else is a broken tool.
        before, reported, words = str(error).partition("ERROR: ")
        if not reported:
            raise
        place = before.rstrip(": ").rsplit("/", 1)[-1] if re.search(r":\d+: $", before) else ""
        findings.append(Finding("Yosys", "", place, words))
    else:
        matches = [match for match in map(_YOSYS.match, log.splitlines()) if match]
        findings += [_finding("Yosys", match) for match in matches]
    return f"Yosys {yosys_version()}"


def _icarus(files: Sequence[Path], top: str, findings: list[Finding]) -> str:
    program = shutil.which("iverilog")
    if program is None:
        return ""
    command = [program, "-g2005", "-Wall", "-Wno-timescale", "-t", "null", "-s", top]
    finished = run_tool("Icarus Verilog", [*command, *files], limit=LIMIT)
    lines = [line for line in finished.output.splitlines() if line.strip() and not line.startswith(FAREWELLS)]
    if finished.status and not lines:
        raise died("Icarus Verilog", finished)
    for line in lines:
        place, _, text = line.removeprefix(f"{files[0].parent}/").partition(": ")
        findings.append(Finding("Icarus", "", place, text) if text else Finding("Icarus", "", "", line))
    return "Icarus Verilog"
