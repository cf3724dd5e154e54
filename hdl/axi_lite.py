"""AXI4-Lite register bank: registers declared as data become a subordinate with the whole protocol."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value
from amaranth.lib.wiring import In, Member, Out

from ..errors import must
from .emit import Shared

__all__ = ["AxiLiteBank", "Register", "axi_lite_members"]

PREFIX = "s_axil_"
OKAY, SLVERR = 0, 2
Access = Literal["read", "write", "pulse", "count"]
_ACCESS = ("read", "write", "pulse", "count")
_NAME = re.compile(r"[a-z][a-z0-9_]*")


@dataclass(frozen=True)
class Register:
    """One 32-bit register of a bank.

    Parameters
    ----------
    name
        Name of the bank's port for it.
    address
        Byte address, a multiple of 4.
    access
        ``read``: the host reads what the design drives. ``write``: the host writes and reads back, the design sees
        the value. ``pulse``: bits written as 1 are 1 for one cycle, then 0; reads as 0. ``count``: counts the cycles
        in which the design drives 1 and wraps at its width; the host can also write it.
    width
        Bits, from bit 0; the others read as 0.
    init
        Value after reset (``write`` and ``count``).
    doc
        What it is for.

    Raises
    ------
    InputError
        Where the declaration breaks a rule.
    """

    name: str
    address: int
    access: Access = "write"
    width: int = 32
    init: int = 0
    doc: str = ""

    def __post_init__(self) -> None:
        thing = f"Register {self.name}"
        if not _NAME.fullmatch(self.name):
            raise must("Register name", "be lower-case letters, digits and _, beginning with a letter", self.name)
        if self.access not in _ACCESS:
            raise must(f"{thing} access", f"be one of {', '.join(_ACCESS)}", self.access)
        if self.address < 0 or self.address % 4:
            raise must(f"{thing} address", "be a multiple of 4 and not negative", self.address)
        if not 1 <= self.width <= 32:
            raise must(f"{thing} width", "be between 1 and 32", self.width)
        if not 0 <= self.init < 1 << self.width:
            raise must(f"{thing} init", f"fit {self.width} unsigned bits", self.init)
        if self.init and self.access in ("read", "pulse"):
            raise must(f"{thing} init", f"be 0 where access is {self.access}", self.init)

    @property
    def member(self) -> Member:
        """The bank's port for it: what the design drives, or sees."""
        flow, width = {"read": (In, self.width), "count": (In, 1)}.get(self.access, (Out, self.width))
        member: Member = flow(width)
        return member

    def to_dict(self) -> dict[str, Any]:
        """Return the description that the manifest holds."""
        return {
            "name": self.name,
            "address": self.address,
            "access": self.access,
            "width": self.width,
            "init": self.init,
            "doc": self.doc,
        }


def axi_lite_members(address_bits: int) -> dict[str, Member]:
    """Return the ports of a 32-bit AXI4-Lite subordinate, ``s_axil_awaddr`` and so on."""
    inputs = {"awaddr": address_bits, "awprot": 3, "awvalid": 1, "wdata": 32, "wstrb": 4, "wvalid": 1, "bready": 1}
    inputs |= {"araddr": address_bits, "arprot": 3, "arvalid": 1, "rready": 1}
    outputs = {"awready": 1, "wready": 1, "bresp": 2, "bvalid": 1}
    outputs |= {"arready": 1, "rdata": 32, "rresp": 2, "rvalid": 1}
    members = {f"{PREFIX}{name}": In(width) for name, width in inputs.items()}
    return members | {f"{PREFIX}{name}": Out(width) for name, width in outputs.items()}


class AxiLiteBank(Shared):
    """Registers behind an AXI4-Lite port with 32-bit data.

    Write address and write data may come in any order and at any distance. All outputs of the port come from registers.
    A write takes effect in the cycle after both have been taken, and its response is offered one cycle later; a read's
    data is offered in the cycle after its address is taken. One write every two cycles and one read every two cycles,
    independently; a read that is taken in the cycle in which a write takes effect still sees the old value. Byte
    strobes are obeyed; the two lowest address bits and ``prot`` are ignored. Writing to a ``read`` register, and any
    access to an address without a register, changes nothing and is answered with SLVERR (read data 0).

    Parameters
    ----------
    registers
        The registers; names and addresses are all different.
    address_bits
        Width of the addresses; as many as the highest address needs if not given.

    Members
    -------
    s_axil_awaddr, … : In, Out
        The port (`axi_lite_members`).
    <register name> : In or Out
        ``read``: In(width); ``write`` and ``pulse``: Out(width); ``count``: In(1).

    Raises
    ------
    InputError
        Where registers clash or the address is too narrow.
    """

    def __init__(self, registers: Sequence[Register], address_bits: int | None = None) -> None:
        if not registers:
            raise must("AxiLiteBank registers", "name at least one register", list(registers))
        for what in ("name", "address"):
            values = [getattr(register, what) for register in registers]
            twice = next((v for v in values if values.count(v) > 1), None)
            if twice is not None:
                raise must(f"AxiLiteBank register {what}", "be used once", twice)
        taken = next((n for r in registers if _is_taken(n := r.name)), None)
        if taken is not None:
            raise must("AxiLiteBank register name", "not be one that the bank itself uses", taken)
        needed = max(2, max(register.address + 3 for register in registers).bit_length())
        if address_bits is not None and address_bits < needed:
            raise must("AxiLiteBank address_bits", f"be at least {needed} for its registers", address_bits)
        self.registers = tuple(registers)
        self.address_bits = needed if address_bits is None else address_bits
        members = {register.name: register.member for register in self.registers}
        super().__init__(axi_lite_members(self.address_bits) | members)

    def key(self) -> tuple[object, ...]:
        """Return what makes two banks the same module."""
        return (self.registers, self.address_bits)

    def label(self) -> str:
        """Return the module's short name."""
        return "axi_lite_bank"

    def body(self) -> Module:
        """Build the two channels and the registers."""
        m = Module()
        write, address, data, mask = self._write_channel(m)
        values, writable = {}, []
        for register in self.registers:
            chosen = _selected(address, register)
            if register.access != "read":
                writable.append(chosen)
            values[register] = self._register(m, register, write & chosen, data, mask)
        with m.If(write):
            m.d.sync += self.s_axil_bresp.eq(Mux(Cat(writable).any(), OKAY, SLVERR))
        self._read_channel(m, values)
        return m

    def _write_channel(self, m: Module) -> tuple[Value, Value, Value, Value]:
        """Take address and data each when it comes; return the write strobe, address, data and bit mask."""
        address, data, strobes = Signal(self.address_bits), Signal(32), Signal(4)
        no_address, no_data, write = Signal(init=1), Signal(init=1), Signal()
        m.d.comb += [
            self.s_axil_awready.eq(no_address),
            self.s_axil_wready.eq(no_data),
            write.eq(~no_address & ~no_data & (~self.s_axil_bvalid | self.s_axil_bready)),
        ]
        with m.If(self.s_axil_bready):
            m.d.sync += self.s_axil_bvalid.eq(0)
        with m.If(write):
            m.d.sync += [no_address.eq(1), no_data.eq(1), self.s_axil_bvalid.eq(1)]
        with m.If(no_address):
            m.d.sync += [no_address.eq(~self.s_axil_awvalid), address.eq(self.s_axil_awaddr)]
        with m.If(no_data):
            m.d.sync += [no_data.eq(~self.s_axil_wvalid), data.eq(self.s_axil_wdata), strobes.eq(self.s_axil_wstrb)]
        return write, address, data, Cat(strobes[i].replicate(8) for i in range(4))

    def _register(self, m: Module, register: Register, write: Value, data: Value, mask: Value) -> Value:
        """Build one register; return what the host reads."""
        width = register.width
        port: Value = getattr(self, register.name)
        data, mask = data[:width], mask[:width]
        if register.access == "read":
            return port
        if register.access == "pulse":
            m.d.sync += port.eq(Mux(write, data & mask, 0))
            return Const(0, width)
        value = Signal(width, name=register.name + "_value", init=register.init)
        if register.access == "count":
            m.d.sync += value.eq(value + port)
        else:
            m.d.comb += port.eq(value)
        with m.If(write):
            m.d.sync += value.eq((value & ~mask) | (data & mask))
        return value

    def _read_channel(self, m: Module, values: dict[Register, Value]) -> None:
        """Answer each address with data, one at a time."""
        take = Signal()
        m.d.comb += [self.s_axil_arready.eq(~self.s_axil_rvalid), take.eq(self.s_axil_arvalid & self.s_axil_arready)]
        with m.If(self.s_axil_rready):
            m.d.sync += self.s_axil_rvalid.eq(0)
        with m.If(take):
            m.d.sync += [self.s_axil_rvalid.eq(1), self.s_axil_rdata.eq(0), self.s_axil_rresp.eq(SLVERR)]
            for register, value in values.items():
                with m.If(_selected(self.s_axil_araddr, register)):
                    m.d.sync += [self.s_axil_rdata.eq(value), self.s_axil_rresp.eq(OKAY)]


def _is_taken(name: str) -> bool:
    """Return whether a member of that name would hide a port or an attribute of the bank."""
    return name.startswith(PREFIX) or name in {"clk", "rst", "registers", "address_bits"} or hasattr(AxiLiteBank, name)


def _selected(address: Value, register: Register) -> Value:
    """Return whether an address means that register."""
    selected: Value = address[2:] == register.address // 4
    return selected
