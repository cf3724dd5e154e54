"""Verilog of shells, kept beside the models that are built from it: emission takes longer than all the rest."""

import inspect
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from ...generators.spec import Spec
from ...hdl.emit import Verilog
from ...sim.store import digest, once
from ..shell.emit import TOP, emit_shell

__all__ = ["shell_verilog"]

_PACKAGE = Path(__file__).resolve().parent.parent.parent
_SOURCES = ("hdl", "generators", "boards/link", "boards/shell")
"""Folders whose code decides what is emitted."""


def shell_verilog(spec: Spec, clocks_per_bit: int) -> Verilog:
    """Return what `emit_shell` returns, without its origins and labels; the second time from the store."""
    tools = [_version(tool) for tool in ("amaranth", "pyosys")]
    what = (spec.name, spec.family.name, spec.params.digest, clocks_per_bit)
    name = digest(*what, _sources(_family(spec)), tools)

    def make(folder: Path) -> None:
        (folder / "shell.v").write_text(emit_shell(spec, clocks_per_bit).text)

    return Verilog((once("shell", name, make) / "shell.v").read_text(), TOP)


def _family(spec: Spec) -> Path:
    """Return the folder of a family's sources, which another package may have brought."""
    return Path(inspect.getfile(type(spec.family))).resolve().parent


@cache
def _sources(family: Path) -> str:
    """Return a digest of the Python files that decide what is emitted."""
    folders = {family, *(_PACKAGE / name for name in _SOURCES)}
    return digest(*(path.read_bytes() for folder in sorted(folders) for path in sorted(folder.rglob("*.py"))))


def _version(tool: str) -> str:
    """Return the version of a package; nothing where it is not installed."""
    try:
        return version(tool)
    except PackageNotFoundError:
        return ""
