"""Verilog emission: every distinct component becomes one module, however often it is used."""

import gc
import hashlib
import re
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any

from amaranth.hdl import ClockSignal, Instance, Module, ResetSignal
from amaranth.lib import wiring

from ..errors import must
from .rtlil import NAMED, convert, flat_ports
from .verilog_names import is_plain
from .verilog_text import finish
from .yosys import run_yosys

__all__ = ["Shared", "Verilog", "emit_verilog"]

# Makes registers, multiplexers and memories of the processes and drops what is unused. `opt_reduce` and `opt_share` are
# left out on purpose: they cut vectors into pieces, which then look like combinational loops to Verilator.
_PASSES = (
    "proc",
    "opt_clean",
    "opt_expr",
    "opt_merge",
    "opt_muxtree",
    "opt_clean",
    "opt_dff",
    "pmuxtree",
    "opt_expr",
    "opt_merge",
    "wreduce t:$add t:$sub t:$neg t:$mul w:*",
    "memory_collect",
    "opt_clean -purge",
)
# Written in full, tables of functions would take more lines than the hardware.
_TABLE = re.compile(r"\((-?\d+, ){32,}-?\d+\)")
_LABEL = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")


class Shared(wiring.Component):
    """A component that is emitted once for each distinct `key` and instantiated wherever it is used.

    Subclasses implement `body` instead of ``elaborate``, and `key`. In Amaranth's simulator it elaborates in place.
    Its clock domain is ``sync`` or one made in its own body. ``ResetInserter`` and ``EnableInserter`` do not reach
    into the emitted module: give the component an enable or reset port instead.
    """

    # Only the first of many equal components is elaborated, which is no mistake.
    _MustUse__silence = True

    if TYPE_CHECKING:

        def __getattr__(self, name: str) -> Any:
            """Tell the type checker that the signature's members are attributes."""

    def body(self) -> Module:
        """Build the hardware."""
        raise TypeError(f"{type(self).__name__} must implement body()")

    def key(self) -> tuple[object, ...]:
        """Return the hashable parameters: equal keys of one class mean equal hardware and ports."""
        raise TypeError(f"{type(self).__name__} must implement key()")

    def label(self) -> str:
        """Return the short name of the module: lower case, digits and single underscores."""
        return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", type(self).__name__).lower()

    def elaborate(self, platform: object) -> Any:
        """Return an instance of the emitted module, or the body outside emission."""
        if isinstance(platform, _Emitter) and platform.current is not self:
            return platform.instance(self)
        return self.body()


@dataclass(frozen=True)
class Verilog:
    """Emitted Verilog.

    Parameters
    ----------
    text
        The whole file.
    top
        Name of the top module.
    modules
        Where each module came from: module name -> ``python.path.Class(key)``; top first.
    labels
        Short name of each module, under which its area is reported: module name -> label.
    """

    text: str
    top: str
    modules: dict[str, str] = field(default_factory=dict)
    labels: dict[str, str] = field(default_factory=dict)


class _Emitter:
    """Collects modules; passed to components as the Amaranth platform."""

    def __init__(self, top: str) -> None:
        self.top = top
        self.current: wiring.Component | None = None
        self.names: dict[tuple[type, tuple[object, ...]], tuple[str, set[str]]] = {}
        self.texts: list[str] = []
        self.origins: dict[str, str] = {}
        self.labels: dict[str, str] = {}

    def add(self, component: wiring.Component, name: str) -> set[str]:
        """Convert a component to the module `name`; return the clock ports that it has."""
        outer, self.current = self.current, component
        text, clocks = convert(component, name, self)
        self.current = outer
        self.texts.append(text)
        return clocks

    def instance(self, component: Shared) -> Instance:
        """Return an instance of the component's module, converted first if its key is new."""
        key = (type(component), component.key())
        if key not in self.names:
            name = self._name(component)
            self.names[key] = name, self.add(component, name)
        name, clocks = self.names[key]
        ports = [("i" if flow == wiring.In else "o", port, value) for port, flow, value in flat_ports(component)]
        domain = {"clk": ClockSignal(), "rst": ResetSignal()}
        return Instance(name, *(("i", clock, domain[clock]) for clock in sorted(clocks)), *ports)

    def _name(self, component: Shared) -> str:
        """Choose ``<top>__<label>``, or with ``_2``, ``_3`` … behind it where that is taken."""
        label = component.label()
        if not _LABEL.fullmatch(label):
            raise must(f"Label of {type(component).__qualname__}", "be lower-case words joined by _", label)
        count, name = 1, f"{self.top}__{label}"
        while name in self.origins:
            count += 1
            name = f"{self.top}__{label}_{count}"
        self.origins[name], self.labels[name] = _origin(component), label
        return name


def _origin(component: wiring.Component) -> str:
    """Return ``python.path.Class(key)``, the same in every run; three equal parts and more as ``*[part] * n``.

    Of the entries of a long table the first are named, and a digest tells it from others.
    """
    key = component.key() if hasattr(component, "key") else ()
    runs = [(value, sum(1 for _ in run)) for value, run in groupby(map(repr, key))]
    parts = [part for value, count in runs for part in ([f"*[{value}] * {count}"] if count > 2 else [value] * count)]
    text = f"{type(component).__module__}.{type(component).__qualname__}({', '.join(parts)})"
    if " at 0x" in text:
        raise must(f"Key of {type(component).__qualname__}", "show its value, which an address does not", key)
    return _TABLE.sub(_shortened, text)


def _shortened(table: re.Match[str]) -> str:
    """Return the beginning of a table of integers, how many there are, and the beginning of its text's SHA-256."""
    entries, digest = table[0][1:-1].split(", "), hashlib.sha256(table[0].encode()).hexdigest()
    return f"({', '.join(entries[:4])}, ... {len(entries)} integers, sha256 {digest[:8]})"


def emit_verilog(top: wiring.Component, name: str, header: Sequence[str] = ()) -> Verilog:
    """Emit a component and everything below it as one Verilog file.

    Parameters
    ----------
    top
        The component; each distinct `Shared` inside becomes one module.
    name
        Name of the top module; all others are called ``<name>__<label>``, further ones ``<name>__<label>_2`` …
    header
        Lines of comment for the head of the file.

    Raises
    ------
    InputError
        Where `name` or a label is no name for a module, or a key would differ from run to run.
    ToolError
        Where Yosys is missing or fails.
    """
    if not is_plain(name):
        raise must("Module name", "be a Verilog identifier and no keyword", name)
    emitter = _Emitter(name)
    emitter.origins[name] = _origin(top)
    emitter.labels[name] = "top"
    with _patient_collector():
        emitter.add(top, name)
    return Verilog(finish(_verilog(emitter.texts), emitter.origins, header), name, emitter.origins, emitter.labels)


@contextmanager
def _patient_collector() -> Iterator[None]:
    """Let Python search for garbage rarely: a netlist is millions of live objects, and searching took half the time."""
    before = gc.get_threshold()
    gc.set_threshold(100_000, 50, 50)
    try:
        yield
    finally:
        gc.set_threshold(*before)


def _verilog(texts: list[str]) -> str:
    """Turn RTLIL modules into Verilog, top first."""
    with tempfile.TemporaryDirectory(prefix="rtloom-") as folder:
        directory = Path(folder)
        with (directory / "design.il").open("w") as file:
            file.writelines(reversed(texts))
        passes = ["read_rtlil design.il", *_PASSES, f"setattr -unset {NAMED} w:*", "write_verilog design.v"]
        run_yosys(passes, directory=directory, quiet=True)
        return (directory / "design.v").read_text()
