"""What all simulators share: compiler flags, the runtime's object files, the precompiled header."""

import re
from collections.abc import Sequence
from pathlib import Path

from ..errors import ToolError
from ..processes import died, run_tool
from .store import digest, once
from .verilator import Compiler, Verilator

__all__ = ["COMPILE_LIMIT", "compile_cpp", "flags", "precompiled", "runtime_names", "runtime_object"]

COMPILE_LIMIT = 1800.0
"""Seconds that one translation unit may take."""
HEADER = "".join(f'#include "verilated{part}.h"\n' for part in ("", "_vpi", "_dpi", "_syms", "_sym_props"))
_LISTED = re.compile(r"VM_GLOBAL_(?:FAST|SLOW) \+= \\\n((?:\s+\S+ \\\n)*)")


def flags(verilator: Verilator, compiler: Compiler, optimise: int) -> list[str]:
    """Return the compiler flags of everything in a simulator.

    What differs between simulators (tracing, coverage) is defined in their source, behind the precompiled header:
    so one header and one set of runtime objects serves them all. C++17 is the oldest that Verilator's headers take
    whole, and the quickest to compile.
    """
    include = verilator.include
    level = [f"-O{optimise}", *(compiler.tuning if optimise else ())]
    return [*level, "-fPIC", "-std=gnu++17", "-w", "-DVERILATOR=1", f"-I{include}", f"-I{include}/vltstd"]


def compile_cpp(compiler: Compiler, options: Sequence[str], source: Path, target: Path) -> None:
    """Compile one file.

    Raises
    ------
    ToolError
        Where the compiler rejects it, crashes or runs out of time: the first error line.
    """
    command = [*compiler.command, *options, "-c", "-o", str(target), str(source)]
    finished = run_tool("C++ compiler", command, limit=COMPILE_LIMIT)
    if finished.status:
        raise died("C++ compiler", finished)


def precompiled(verilator: Verilator, compiler: Compiler, optimise: int) -> Path:
    """Return the header to be included first; its compiled form lies beside it."""
    options = flags(verilator, compiler, optimise)

    def make(folder: Path) -> None:
        (folder / "runtime.h").write_text(HEADER)
        compile_cpp(compiler, [*options, "-x", "c++-header"], folder / "runtime.h", folder / "runtime.h.gch")

    name = digest(verilator.identity, compiler, options, HEADER)
    return once("header", name, make) / "runtime.h"


def runtime_object(
    verilator: Verilator, compiler: Compiler, source: Path, extra: Sequence[str] = (), headers: Sequence[Path] = ()
) -> Path:
    """Return the object file of a source that no design changes; ``-O1``, since more gains nothing there.

    Parameters
    ----------
    verilator, compiler
        The tools.
    source
        The file to compile.
    extra
        More compiler options.
    headers
        Files that it includes besides those of Verilator: a change in them makes another object.
    """
    options = [*flags(verilator, compiler, 1), *extra]

    def make(folder: Path) -> None:
        compile_cpp(compiler, options, source, folder / "unit.o")

    name = digest(
        verilator.identity, compiler, options, source.name, [path.read_bytes() for path in (source, *headers)]
    )
    return once("object", name, make) / "unit.o"


def runtime_names(classes: Path) -> list[str]:
    """Return the runtime sources that a verilated model needs, from the makefile fragment written with it."""
    names = [name for block in _LISTED.findall(classes.read_text()) for name in block.replace("\\", "").split()]
    if "verilated" not in names:
        raise ToolError(f"Verilator must list its runtime in {classes.name}, not leave it out")
    return names
