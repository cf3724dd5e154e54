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
        Where the signal comes from, for example ``design.v:123``; of what synthesis made up, where the signal comes
        from that it is named after; empty where there is none.
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
        return f"from {_shown(nets[0])} through {_shown(last)} to {_shown(self.steps[-1])}, {self.delay_ns:.2f} ns"

    def to_dict(self) -> dict[str, Any]:
        """Return the path as JSON holds it."""
        return {"delay_ns": round(self.delay_ns, 3), "steps": [vars(step) for step in self.steps]}


def _shown(step: Step) -> str:
    """Return a step's name, and its line where it has one."""
    return f"{step.name} ({step.line})" if step.line else step.name


def critical_path(found: Sequence[Mapping[str, Any]], design: Verilog, netlist: Mapping[str, Any]) -> CriticalPath:
    """Return the slowest path of a clock in nextpnr's report.

    Parameters
    ----------
    found
        The report's ``critical_paths``.
    design
        The shell, whose lines the netlist names.
    netlist
        The module that was placed, as Yosys writes it in JSON.
    """
    inside = [path["path"] for path in found if path["from"] == path["to"] != "<async>"]
    worst: list[Mapping[str, Any]] = max(inside, key=lambda path: sum(step["delay"] for step in path), default=[])
    lines, components = _lines(netlist), _components(design)
    return CriticalPath(tuple(_step(step, lines, components) for step in worst))


def _lines(netlist: Mapping[str, Any]) -> dict[str, str]:
    """Return where each signal and each cell comes from, if it is from a file of ours."""
    found = {}
    for kind in ("cells", "netnames"):
        for name, item in netlist[kind].items():
            line = _LINE.search(item["attributes"].get("src", ""))
            if line:
                found[name] = f"{line[1]}:{line[2]}"
    return found


def _step(step: Mapping[str, Any], lines: Mapping[str, str], components: Sequence[tuple[int, str]]) -> Step:
    """Read one step."""
    where = step["from"] if step["type"] in ("clk-to-q", "routing") else step["to"]
    name = step.get("net") or f"{where['cell']}.{where['port']}"
    line = _line_of(step.get("net") or where["cell"], lines)
    file, _, number = line.partition(":")
    component = ""
    if file == "design.v":
        component = next((made for first, made in reversed(components) if first <= int(number)), "")
    return Step(step["type"], round(step["delay"], 3), name, line, component)


def _line_of(name: str, lines: Mapping[str, str]) -> str:
    """Return where a name comes from; what tools add to names stands behind ``_``, ``$`` or ``[``."""
    while name:
        if name in lines:
            return lines[name]
        name = name[: max(name.rfind(mark) for mark in "_$[")] if re.search(r"[_$[]", name) else ""
    return ""


def _components(design: Verilog) -> list[tuple[int, str]]:
    """Return the first line of each module and the component that it was made from, in order."""
    return [
        (design.text.count("\n", 0, found.start()) + 1, design.modules.get(found[1], ""))
        for found in _MODULE.finditer(design.text)
    ]
