"""Which port of somebody's Verilog is which wire of the specification: by default the names that rtloom gives them."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import yaml

from ...errors import must
from ...hdl.manifest import BoundStream, Manifest, Reset, Signals

__all__ = ["bind", "read_map"]

_WIRES = ("valid", "ready", "data", "last")
_KEYS = ("clock", "reset", "streams")

PortMap = Mapping[str, Any]


def read_map(path: Path) -> PortMap:
    """Read a YAML file of port names.

    ``clock: clk``, ``reset: {name: rst_n, active_low: true}`` and ``streams: {a: {valid: …, ready: …, data: …,
    last: …}}``; what is left out has the name that rtloom gives it.

    Raises
    ------
    InputError
        Where the file cannot be read or holds something else.
    """
    try:
        raw = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, yaml.YAMLError, UnicodeDecodeError) as error:
        raise must("Port map", "be a YAML file that can be read", str(path)) from error
    if not isinstance(raw, dict):
        raise must("Port map", f"be a mapping with {', '.join(_KEYS)}", raw)
    return raw


def bind(manifest: Manifest, top: str, names: PortMap) -> Manifest:
    """Return the manifest of a design of other hands: its top module, and its names of the ports.

    Parameters
    ----------
    manifest
        Of the same specification, as rtloom makes it.
    top
        Top module of the design.
    names
        As `read_map` returns them; empty for none that differ.

    Raises
    ------
    InputError
        Where the map names a stream or a wire that the specification does not have, or not in words.
    """
    for key in names:
        if key not in _KEYS:
            raise must("Port map key", f"be one of {', '.join(_KEYS)}", key)
    given = names.get("streams") or {}
    if not isinstance(given, Mapping):
        raise must("Port map streams", "be a mapping from stream to wires", given)
    known = [bound.port.name for bound in manifest.streams]
    for stream in given:
        if stream not in known:
            raise must("Port map stream", f"be one of {', '.join(known)}", stream)
    streams = tuple(replace(bound, signals=_signals(bound, given.get(bound.port.name))) for bound in manifest.streams)
    # Renamed ports need not fit the bus models that find ports by their names.
    interface = manifest.interface if streams == manifest.streams else "stream"
    clock = _word("Port map clock", names.get("clock", manifest.clock))
    reset = _reset(manifest.reset, names.get("reset"))
    return replace(manifest, top=top, clock=clock, reset=reset, streams=streams, interface=interface)


def _signals(bound: BoundStream, given: Any) -> Signals:
    """Return a stream's names, those that are given instead of rtloom's."""
    if given is None:
        return bound.signals
    name = bound.port.name
    wires = [wire for wire in _WIRES if wire != "last" or bound.port.last]
    if not isinstance(given, Mapping):
        raise must(f"Port map of stream {name}", f"be a mapping with {', '.join(wires)}", given)
    for wire in given:
        if wire not in wires:
            raise must(f"Port map of stream {name}", f"name only {', '.join(wires)}", wire)
    words = {wire: _word(f"Port map of {name}.{wire}", word) for wire, word in given.items()}
    return replace(bound.signals, **words)


def _reset(reset: Reset, given: Any) -> Reset:
    """Return the reset: a name, or name and level."""
    if given is None:
        return reset
    if isinstance(given, str):
        return replace(reset, name=given)
    if not isinstance(given, Mapping) or not set(given) <= {"name", "active_low"}:
        raise must("Port map reset", "be a name, or a mapping with name and active_low", given)
    level = given.get("active_low", reset.active_low)
    if not isinstance(level, bool):
        raise must("Port map reset active_low", "be true or false", level)
    return Reset(_word("Port map reset name", given.get("name", reset.name)), level)


def _word(thing: str, value: Any) -> str:
    """Return a port's name."""
    if not isinstance(value, str) or not value:
        raise must(thing, "be the name of a port", value)
    return value
