"""Accumulators found in a netlist: registers that are loaded with what they hold plus something."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

__all__ = ["Accumulator", "find_accumulators", "free_addends"]

_ADDERS = ("$add", "$sub")
Bit = int | str


@dataclass(frozen=True)
class Accumulator:
    """A register and the adders on the way from its output back to its input.

    Parameters
    ----------
    name
        Of the register.
    bits
        Nets at its output.
    addends
        Cell, pin (A or B) and whether it is subtracted, of each operand that does not come from the register itself.
    """

    name: str
    bits: tuple[Bit, ...]
    addends: tuple[tuple[str, str, bool], ...]


def find_accumulators(module: Mapping[str, Any]) -> list[Accumulator]:
    """Return a module's accumulators, counters left out: what is added must not be constant.

    Parameters
    ----------
    module
        A flat module as ``write_json`` wrote it, its adders whole.
    """
    driver = {bit: name for name, cell in module["cells"].items() for bit in _outputs(cell)}
    found = []
    for cell in module["cells"].values():
        if not _is_register(cell):
            continue
        bits = tuple(cell["connections"]["Q"])
        addends = tuple(_addends(module, driver, set(bits), cell["connections"]["D"]))
        if addends:
            found.append(Accumulator(_name(module, bits), bits, addends))
    return found


def free_addends(module: dict[str, Any], accumulator: Accumulator) -> list[tuple[str, int, bool, bool]]:
    """Replace what an accumulator adds by inputs, show its register as the output ``held``.

    Returns
    -------
    list of tuple
        Of each new input: name, bits, whether it is signed, whether it is subtracted.
    """
    fresh = 1 + max(bit for net in module["netnames"].values() for bit in net["bits"] if isinstance(bit, int))
    ports = []
    for number, (name, pin, minus) in enumerate(accumulator.addends):
        cell = module["cells"][name]
        width = len(cell["connections"][pin])
        bits = list(range(fresh, fresh + width))
        fresh += width
        cell["connections"][pin] = bits
        module["ports"][f"addend_{number}"] = {"direction": "input", "bits": bits}
        signed = _flag(cell["parameters"], "A_SIGNED") and _flag(cell["parameters"], "B_SIGNED")
        ports.append((f"addend_{number}", width, signed, minus))
    module["ports"]["held"] = {"direction": "output", "bits": list(accumulator.bits)}
    return ports


def _addends(
    module: Mapping[str, Any], driver: Mapping[Bit, str], held: set[Bit], start: list[Bit]
) -> Iterator[tuple[str, str, bool]]:
    """Yield the operands that are added to what a register holds, on the way to its input."""
    for name in sorted(_cone(module, driver, start)[1]):
        cell = module["cells"][name]
        if cell["type"] not in _ADDERS:
            continue
        from_held = {pin: bool(held & _cone(module, driver, cell["connections"][pin])[0]) for pin in "AB"}
        for pin, other in (("A", "B"), ("B", "A")):
            operand = cell["connections"][pin]
            if from_held[other] and not from_held[pin] and any(isinstance(bit, int) for bit in operand):
                yield name, pin, cell["type"] == "$sub" and pin == "B"


def _cone(module: Mapping[str, Any], driver: Mapping[Bit, str], start: list[Bit]) -> tuple[set[Bit], set[str]]:
    """Return the nets and the cells that some nets depend on, up to registers and ports."""
    nets, cells, waiting = set(start), set[str](), list(start)
    while waiting:
        name = driver.get(waiting.pop())
        if name is None or name in cells or _is_register(module["cells"][name]):
            continue
        cells.add(name)
        fresh = {bit for bit in _inputs(module["cells"][name]) if isinstance(bit, int)} - nets
        nets |= fresh
        waiting.extend(fresh)
    return nets, cells


def _outputs(cell: Mapping[str, Any]) -> Iterator[Bit]:
    for pin, bits in cell["connections"].items():
        if cell["port_directions"][pin] == "output":
            yield from bits


def _inputs(cell: Mapping[str, Any]) -> Iterator[Bit]:
    for pin, bits in cell["connections"].items():
        if cell["port_directions"][pin] == "input":
            yield from bits


def _is_register(cell: Mapping[str, Any]) -> bool:
    return "Q" in cell["connections"] and "D" in cell["connections"]


def _flag(parameters: Mapping[str, Any], name: str) -> bool:
    return int(str(parameters.get(name, "0")), 2) == 1


def _name(module: Mapping[str, Any], bits: tuple[Bit, ...]) -> str:
    """Return the author's name of a register."""
    names = [name for name, net in module["netnames"].items() if tuple(net["bits"]) == bits and not net["hide_name"]]
    return min(names, key=len, default="a register")
