"""Memories that synthesis finds: small ones become flip-flops, larger ones are reported as macros, none is lost."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from .netlist import Netlist

__all__ = ["MACRO_BITS", "MemoryUse", "map_small", "memories"]

MACRO_BITS = 1024
"""Memories of more bits than this are macros: in flip-flops they would cost several times an SRAM's area."""

ROM_BITS = 1 << 16
"""Tables that are never written are logic up to so many bits: that is what becomes of them on silicon as well."""

ATTRIBUTE = "rtloom_macro"
SHAPE = ("SIZE", "WIDTH", "RD_PORTS", "WR_PORTS")


@dataclass(frozen=True)
class MemoryUse:
    """A memory of one module.

    Parameters
    ----------
    module, name
        Where it is.
    words, width
        Its shape.
    reads, writes
        Ports.
    instances
        How often it stands in the design.
    form
        ``macro``: kept whole and not in the area; ``flip-flops``: mapped to registers and gates, in the area;
        ``logic``: a table that is never written, mapped to gates, in the area.
    """

    module: str
    name: str
    words: int
    width: int
    reads: int
    writes: int
    instances: int
    form: str

    @property
    def bits(self) -> int:
        """Bits of one instance."""
        return self.words * self.width


def memories(netlist: Netlist, limit: int) -> tuple[MemoryUse, ...]:
    """Return the memories of a design in which they are not mapped yet; those above `limit` bits become macros."""
    found = []
    for name, module in netlist.modules.items():
        for instance in module.instances:
            if instance.type == "$mem_v2":
                words, width, reads, writes = (_number(instance.parameters, key) for key in SHAPE)
                form, uses = _form(words * width, writes, limit), netlist.uses[name]
                found.append(MemoryUse(name, instance.name, words, width, reads, writes, uses, form))
    return tuple(found)


def _form(bits: int, writes: int, limit: int) -> str:
    """Return what becomes of a memory."""
    if not writes and bits <= ROM_BITS:
        return "logic"
    return "macro" if bits > limit else "flip-flops"


def map_small(found: Iterable[MemoryUse]) -> list[str]:
    """Return the Yosys commands that map the small memories and keep the macros whole."""
    marks = [f"setattr -set {ATTRIBUTE} 1 {m.module}/{m.name}" for m in found if m.form == "macro"]
    return [*marks, f"memory_map t:$mem_v2 a:{ATTRIBUTE} %d"]


def _number(parameters: Mapping[str, Any], name: str) -> int:
    """Return a parameter, which JSON holds as a string of bits."""
    return int(str(parameters[name]), 2)
