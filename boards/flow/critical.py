"""The critical path: what it runs through, which line of Verilog that is, and which component made the line."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ...hdl.emit import Verilog

__all__ = ["CriticalPath", "Step", "critical_path"]

_LINE = re.compile(r"((?:design|top)\.v):(\d+)")
_MODULE = re.compile(r"^module ([\w$]+)", re.MULTILINE)


@dataclass(frozen=True)
class Step:
    """A piece of the path.

    Parameters
    ----------
    kind
        ``clk-to-q``, ``routing``, ``logic`` or ``setup``, as nextpnr says.
    delay_ns
        Its part of the delay.
    name
        The net, or the cell and its pin.
    line
        Where the net comes from, for example ``design.v:123``; empty where the net is synthesis's own.
    component
        The Python component whose Verilog this is; empty where the line is.
    """

    kind: str
    delay_ns: float
    name: str
    line: str
    component: str


@dataclass(frozen=True)
class CriticalPath:
    """The slowest path from register to register, in order."""

    steps: tuple[Step, ...]

    @property
    def delay_ns(self) -> float:
        """Delay of the whole path."""
        return sum(step.delay_ns for step in self.steps)

    def __str__(self) -> str:
        """Return where it begins and ends, and how long it takes."""
        nets = [step for step in self.steps if step.kind == "routing"] or list(self.steps)
        last = next((step for step in reversed(nets) if step.line), nets[-1])
        return f"from {_shown(nets[0])} through {_shown(last)} to {self.steps[-1].name}, {self.delay_ns:.2f} ns"

    def to_dict(self) -> dict[str, Any]:
        """Return the path as JSON holds it."""
        return {"delay_ns": round(self.delay_ns, 3), "steps": [vars(step) for step in self.steps]}


def _shown(step: Step) -> str:
    """Return a step's name, and its line where it has one."""
    return f"{step.name} ({step.line})" if step.line else step.name


def critical_path(found: Sequence[Mapping[str, Any]], design: Verilog) -> CriticalPath:
    """Return the slowest path of a clock in nextpnr's report.

    Parameters
    ----------
    found
        The report's ``critical_paths``.
    design
        The shell, whose lines the netlist names.
    """
    inside = [path["path"] for path in found if path["from"].startswith(("posedge", "negedge")) and _same(path)]
    worst: list[Mapping[str, Any]] = max(inside, key=lambda path: sum(step["delay"] for step in path), default=[])
    components = _components(design)
    return CriticalPath(tuple(_step(step, components) for step in worst))


def _same(path: Mapping[str, Any]) -> bool:
    """Tell whether a path stays within one clock."""
    return bool(path["from"] == path["to"])


def _step(step: Mapping[str, Any], components: Sequence[tuple[int, str]]) -> Step:
    """Read one step."""
    where = step["from"] if step["type"] in ("clk-to-q", "routing") else step["to"]
    name = step.get("net") or f"{where['cell']}.{where['port']}"
    lines = [found for source in step.get("sources", ()) for found in _LINE.findall(source)]
    if not lines:
        return Step(step["type"], round(step["delay"], 3), name, "", "")
    file, number = lines[0]
    component = ""
    if file == "design.v":
        component = next((made for first, made in reversed(components) if first <= int(number)), "")
    return Step(step["type"], round(step["delay"], 3), name, f"{file}:{number}", component)


def _components(design: Verilog) -> list[tuple[int, str]]:
    """Return the first line of each module and the component that it was made from, in order."""
    return [
        (design.text.count("\n", 0, found.start()) + 1, design.modules.get(found[1], ""))
        for found in _MODULE.finditer(design.text)
    ]
