"""A mapped netlist as Yosys writes it in JSON: modules, how often each stands in the design, and its cells."""

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from ..errors import ToolError

__all__ = ["Instance", "Netlist", "NetlistModule", "label_of"]

Bit = int | str


@dataclass(frozen=True)
class Instance:
    """A cell or an instance of another module: what it is and the nets at its pins."""

    name: str
    type: str
    pins: Mapping[str, tuple[Bit, ...]]
    parameters: Mapping[str, Any]


@dataclass(frozen=True)
class NetlistModule:
    """A module: its ports (direction and nets) and its instances."""

    name: str
    ports: Mapping[str, tuple[str, tuple[Bit, ...]]]
    instances: tuple[Instance, ...]

    @cached_property
    def counts(self) -> Counter[str]:
        """How many instances of each type stand in the module itself."""
        return Counter(instance.type for instance in self.instances)


class Netlist:
    """The modules of a design under one top.

    Parameters
    ----------
    content
        What ``write_json`` wrote, parsed.
    top
        Name of the top module.

    Attributes
    ----------
    modules
        By name; those that the design does not use are left out.
    uses
        How often each module stands in the whole design.
    """

    def __init__(self, content: Mapping[str, Any], top: str) -> None:
        found = {name: _module(name, body) for name, body in content["modules"].items() if not _is_cell(body)}
        if top not in found:
            raise ToolError(f"Yosys must keep the top module {top}, but it is gone")
        self.top = top
        self.order = _children_first(found, top)
        self.modules = {name: found[name] for name in self.order}
        self.uses: Counter[str] = Counter({top: 1})
        for name in reversed(self.order):
            for child, count in self.modules[name].counts.items():
                if child in self.modules:
                    self.uses[child] += count * self.uses[name]

    def cells(self) -> Counter[str]:
        """Return how often each cell that is not a module stands in the whole design."""
        total: Counter[str] = Counter()
        for name, module in self.modules.items():
            for kind, count in module.counts.items():
                if kind not in self.modules:
                    total[kind] += count * self.uses[name]
        return total


def label_of(module: str, top: str) -> str:
    """Return a module's short name, without the top's name and without trailing sizes and numbers.

    ``array__pe_2`` under ``array`` is ``pe``; ``array__queue_8`` is ``queue``; the top itself is ``top``.
    """
    if module == top:
        return "top"
    short = module.removeprefix(f"{top}__")
    return re.sub(r"(_(\d+(x\d+)*|to))+$", "", short) or short


def _is_cell(body: Mapping[str, Any]) -> bool:
    """Tell whether a module only stands for a cell of a library."""
    attributes = body.get("attributes", {})
    return any(int(str(attributes.get(name, "0")), 2) for name in ("blackbox", "whitebox"))


def _module(name: str, body: Mapping[str, Any]) -> NetlistModule:
    """Take over one module."""
    ports = {port: (of["direction"], tuple(of["bits"])) for port, of in body["ports"].items()}
    instances = tuple(
        Instance(label, of["type"], {pin: tuple(bits) for pin, bits in of["connections"].items()}, of["parameters"])
        for label, of in body["cells"].items()
        if of["type"] != "$scopeinfo"
    )
    return NetlistModule(name, ports, instances)


def _children_first(modules: Mapping[str, NetlistModule], top: str) -> list[str]:
    """Return the modules that `top` uses, each after those that it is made of."""
    order: dict[str, None] = {}

    def visit(name: str) -> None:
        for child in modules[name].counts:
            if child in modules and child not in order:
                visit(child)
        order[name] = None

    visit(top)
    return list(order)
