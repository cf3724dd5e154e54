"""Amaranth signatures of the ports that `ports` describes: one flat vector a field, and the flag `last`."""

from typing import Any

from amaranth.hdl import unsigned
from amaranth.lib import data, stream
from amaranth.lib.wiring import In, Member, Out

from .ports import StreamPort

__all__ = ["payload_layout", "stream_members"]


def payload_layout(port: StreamPort) -> data.StructLayout:
    """Return the payload: every field as one vector of all its lanes, lane 0 lowest; then `last` if the port has it.

    Because `last` comes after the fields, the low ``port.width`` bits of the payload are ``tdata``.
    """
    members = {field.name: unsigned(field.width) for field in port.fields}
    if port.last:
        members["last"] = unsigned(1)
    return data.StructLayout(members)


def stream_members(ports: tuple[StreamPort, ...]) -> dict[str, Member]:
    """Return the members of a component that has exactly these streams, each under its port's name."""
    flow = {"in": In, "out": Out}
    layouts: dict[str, Any] = {port.name: payload_layout(port) for port in ports}
    return {port.name: flow[port.direction](stream.Signature(layouts[port.name])) for port in ports}
