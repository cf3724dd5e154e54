"""One Amaranth component to RTLIL text: named well, without initial values, source lines and unused resets."""

from collections.abc import Iterator
from typing import Any

from amaranth.back import rtlil
from amaranth.hdl import Fragment, Signal, Value
from amaranth.hdl._ast import SignalDict
from amaranth.hdl._ir import Instance as InstanceFragment
from amaranth.hdl._ir import PortDirection, build_netlist
from amaranth.hdl._nir import Instance, Memory, Netlist
from amaranth.lib import wiring

from ..errors import must
from .verilog_names import is_plain, plain

__all__ = ["NAMED", "convert", "flat_ports"]

_CLOCKS = ("clk", "rst")
NAMED = "rtloom_named"
"""Attribute of wires that the author named; whoever writes Verilog takes it off again."""


def flat_ports(component: wiring.Component) -> Iterator[tuple[str, Any, Value]]:
    """Yield name, flow and value of each port: ``i__payload`` for the payload of the stream `i`."""
    for path, member, value in component.signature.flatten(component):
        yield plain("__".join(map(str, path))), member.flow, Value.cast(value)


def convert(component: wiring.Component, name: str, platform: object) -> tuple[str, set[str]]:
    """Return the component and its plain submodules as RTLIL text, and which of ``clk`` and ``rst`` it uses.

    The module is called `name`, a submodule `s` in it ``<name>__s``. Registers carry no initial value: the design
    stands on its synchronous reset, and tools would see two assignments. Memories carry one if it is not all zero.

    Raises
    ------
    InputError
        Where a port is no signal of its own.
    """
    ports = {}
    for port, flow, value in flat_ports(component):
        if not isinstance(value, Signal):
            raise must(f"Port {port} of {type(component).__qualname__}", "be a signal", value)
        value.name = port
        ports[port] = (value, PortDirection.Input if flow == wiring.In else PortDirection.Output)
    fragment = Fragment.get(component, platform)
    _name_wires(fragment)
    netlist = build_netlist(fragment, ports=ports, name=name)
    _plain_names(netlist)
    design = rtlil.Design(emit_src=False)
    empty = rtlil.EmptyModuleChecker(netlist)
    for index, module in enumerate(netlist.modules):
        if not empty.is_empty(index):
            builder = design.module(".".join(module.name))
            rtlil.ModuleEmitter(builder, netlist, module, SignalDict(), empty_checker=empty).emit()
    return _text(design, name, [*_CLOCKS, *ports])


def _name_wires(fragment: Fragment) -> None:
    """Call the wires at an instance's ports ``<instance>_<port>``, since many instances have a port ``o``."""
    for child, name, _ in fragment.subfragments:
        if isinstance(child, InstanceFragment) and name is not None:
            for port, (value, _) in child.ports.items():
                if isinstance(value, Signal):
                    value.name = f"{name}_{port}"
        else:
            _name_wires(child)


def _plain_names(netlist: Netlist) -> None:
    """Replace what Verilog could only write as escaped names: ``o$1`` becomes ``o_1``."""
    for cell in netlist.cells:
        if isinstance(cell, Instance | Memory):
            cell.name = plain(cell.name)
    for module in netlist.modules:
        names = [*module.signal_names.values(), *module.ports]
        taken = {name for name in names if is_plain(name)}
        renamed = {name: name if is_plain(name) else _free(plain(name), taken) for name in dict.fromkeys(names)}
        for signal, name in module.signal_names.items():
            module.signal_names[signal] = renamed[name]
        module.ports = {renamed[name]: port for name, port in module.ports.items()}
        module.name = tuple(plain(part) for part in module.name)


def _free(name: str, taken: set[str]) -> str:
    """Return the name, with underscores behind it until it is free, and take it."""
    while name in taken:
        name += "_"
    taken.add(name)
    return name


def _text(design: rtlil.Design, top: str, order: list[str]) -> tuple[str, set[str]]:
    """Write the modules of one conversion, submodules first, so that unused resets are known to their users."""
    rank = {f"\\{port}": n for n, port in enumerate(order)}
    uses: dict[str, set[str]] = {}
    texts = []
    for name, module in reversed(design.modules.items()):
        module.name = name.replace(".", "__")
        module.attributes = {}
        # RTLIL numbers ports as they come; only the top has names that `order` knows beyond the clocks.
        module.contents = dict(sorted(module.contents.items(), key=lambda item: rank.get(item[0], len(rank))))
        pins = _pins(module)
        for key, item in list(module.contents.items()):
            if isinstance(item, rtlil.Wire):
                # Yosys writes out every sign where it matters; a signed declaration would add signs elsewhere.
                item.signed = False
                # Of several names for one wire Yosys keeps the one with most attributes: here the author's.
                item.attributes = {NAMED: 1} if key not in pins and is_plain(key[1:]) else {}
            elif isinstance(item, rtlil.Cell) and item.kind[1:] in design.modules:
                _connect(item, uses[item.kind[1:]])
            elif isinstance(item, rtlil.Cell) and item.kind == "$meminit_v2" and not _has_one(item.ports["DATA"]):
                del module.contents[key]
        uses[name], text = _drop_unused_clocks(module)
        texts.append(text)
    return "".join(texts), uses[top]


def _pins(module: rtlil.Module) -> set[str]:
    """Return the names that `_name_wires` made: wires at the ports of the module's instances."""
    cells = [(key, item) for key, item in module.contents.items() if isinstance(item, rtlil.Cell)]
    return {f"{key}_{port}" for key, cell in cells for port in cell.ports}


def _has_one(constant: str) -> bool:
    """Tell whether a constant such as ``8'00000100`` has a bit that is 1."""
    return "1" in constant.partition("'")[2]


def _connect(cell: rtlil.Cell, uses: set[str]) -> None:
    """Make an instance fit its module, which has lost the clocks that it does not use."""
    cell.kind = cell.kind.replace(".", "__")
    for clock in _CLOCKS:
        if clock in cell.ports and clock not in uses:
            del cell.ports[clock]


class _Writer(rtlil.Emitter):
    """Numbers ports from 1: Yosys takes 0 for "no number" and would put that port last."""

    _next = 1

    @property
    def port_id(self) -> int:
        """Number of the next port."""
        return self._next

    @port_id.setter
    def port_id(self, value: int) -> None:
        self._next = max(value, 1)


def _drop_unused_clocks(module: rtlil.Module) -> tuple[set[str], str]:
    """Remove the ports ``clk`` and ``rst`` where nothing reads them; return those that are left, and the text."""
    emitter = _Writer()
    module.emit(emitter)
    text = str(emitter)
    used = set()
    for clock in _CLOCKS:
        wire = module.contents.get(f"\\{clock}")
        if wire is None:
            continue
        if f" \\{clock} [" in text:
            used.add(clock)
        elif wire.port_kind is not None:
            del module.contents[f"\\{clock}"]
    if len(used) < sum(f"\\{clock}" in text for clock in _CLOCKS):
        emitter = _Writer()
        module.emit(emitter)
        text = str(emitter)
    return used, text
