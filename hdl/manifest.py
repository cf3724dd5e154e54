"""The manifest beside every Verilog file: all that a user of the file needs to know; no hardware import."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, get_args

from ..errors import InputError, must
from ..files import whole_file
from .ports import StreamPort

__all__ = ["INTERFACES", "BoundStream", "Interface", "Manifest", "Reset", "Signals", "Wire", "stream_signals"]

Interface = Literal["axi", "stream"]
INTERFACES: tuple[Interface, ...] = get_args(Interface)
SCHEMA = 1


@dataclass(frozen=True)
class Signals:
    """Names of a stream's ports in the Verilog; `last` is None where the stream has no such flag."""

    valid: str
    ready: str
    data: str
    last: str | None

    def to_dict(self) -> dict[str, str | None]:
        """Return the names as the manifest holds them."""
        return {"valid": self.valid, "ready": self.ready, "data": self.data, "last": self.last}


@dataclass(frozen=True)
class Wire:
    """A port of the Verilog: its bits, and ``in`` or ``out`` of the design."""

    width: int
    direction: Literal["in", "out"]


@dataclass(frozen=True)
class BoundStream:
    """A stream and its ports in the Verilog."""

    port: StreamPort
    signals: Signals

    @property
    def wires(self) -> dict[str, Wire]:
        """Ports of the stream by name: valid, ready, data and, where there is such a flag, last."""
        along: Literal["in", "out"] = self.port.direction
        against: Literal["in", "out"] = "out" if along == "in" else "in"
        names = self.signals
        wires = {names.valid: Wire(1, along), names.ready: Wire(1, against)}
        wires[names.data] = Wire(8 * self.port.nbytes, along)
        return wires | ({names.last: Wire(1, along)} if names.last else {})


@dataclass(frozen=True)
class Reset:
    """The synchronous reset: name of its port, and whether 0 resets."""

    name: str
    active_low: bool


def stream_signals(port: StreamPort, interface: Interface) -> Signals:
    """Return the names of a stream's ports: AXI4-Stream ones, or plain ones."""
    axi = f"{'s' if port.direction == 'in' else 'm'}_axis_{port.name}_t"
    stem = axi if interface == "axi" else f"{port.name}_"
    return Signals(f"{stem}valid", f"{stem}ready", f"{stem}data", f"{stem}last" if port.last else None)


@dataclass(frozen=True)
class Manifest:
    """What a Verilog file is, which streams it has and how long it takes.

    Parameters
    ----------
    rtloom
        Version that made it.
    name
        Name of the specification, for example ``systolic-8x8-int8``.
    top
        Top module, and stem of the files' names.
    family
        Family's name.
    params
        Its parameters as plain values.
    digest
        Identifies the parameters.
    interface
        ``axi`` or ``stream``.
    clock
        Clock port; everything happens at its rising edge.
    reset
        Reset port.
    streams
        Streams with their ports.
    timing
        Exact timing in words and constants, as the family describes it.
    modules
        Module -> ``python.path.Class(key)`` it came from.
    tools
        Tool -> version.
    files
        Names of the files written together, the Verilog first.
    """

    rtloom: str
    name: str
    top: str
    family: str
    params: Mapping[str, Any]
    digest: str
    interface: Interface
    clock: str
    reset: Reset
    streams: tuple[BoundStream, ...]
    timing: Mapping[str, Any] = field(default_factory=dict)
    modules: Mapping[str, str] = field(default_factory=dict)
    tools: Mapping[str, str] = field(default_factory=dict)
    files: tuple[str, ...] = ()

    @property
    def wires(self) -> dict[str, Wire]:
        """Every port of the design by name, clock and reset first."""
        wires = {self.clock: Wire(1, "in"), self.reset.name: Wire(1, "in")}
        for bound in self.streams:
            wires |= bound.wires
        return wires

    def to_dict(self) -> dict[str, Any]:
        """Return the manifest as plain values."""
        return {
            "rtloom": self.rtloom,
            "schema": SCHEMA,
            "name": self.name,
            "top": self.top,
            "family": self.family,
            "params": dict(self.params),
            "digest": self.digest,
            "interface": self.interface,
            "clock": self.clock,
            "reset": {"name": self.reset.name, "active_low": self.reset.active_low},
            "streams": [bound.port.to_dict() | {"signals": bound.signals.to_dict()} for bound in self.streams],
            "timing": dict(self.timing),
            "modules": dict(self.modules),
            "tools": dict(self.tools),
            "files": list(self.files),
        }

    def to_json(self) -> str:
        """Return the manifest as a JSON file's text."""
        return json.dumps(self.to_dict(), indent=2) + "\n"

    def save(self, path: str | Path) -> None:
        """Write the manifest, whole or not at all.

        Raises
        ------
        InputError
            Where the file cannot be written.
        """
        with whole_file(Path(path), "Manifest") as file:
            file.write(self.to_json().encode())

    @classmethod
    def from_dict(cls, raw: Any, thing: str = "Manifest") -> "Manifest":
        """Read plain values as `to_dict` gives them; `thing` names them in errors.

        Raises
        ------
        InputError
            Where something is missing or not what it should be.
        """
        if not isinstance(raw, dict):
            raise must(thing, "hold a JSON object", raw)
        for key in (
            "schema",
            "rtloom",
            "name",
            "top",
            "family",
            "params",
            "digest",
            "interface",
            "clock",
            "reset",
            "streams",
        ):
            if key not in raw:
                raise InputError(f"{thing} must have the key {key!r}, which is missing")
        if raw["schema"] != SCHEMA:
            raise must(f"{thing} schema", f"be {SCHEMA}", raw["schema"])
        if raw["interface"] not in INTERFACES:
            raise must(f"{thing} interface", f"be {' or '.join(INTERFACES)}", raw["interface"])
        texts = {key: _of_type(raw, key, str, "text", thing) for key in _TEXTS}
        tables = {key: _of_type(raw, key, dict, "an object", thing) for key in _TABLES if key in raw}
        reset = _reset(_of_type(raw, "reset", dict, "an object", thing), thing)
        streams = _of_type(raw, "streams", list, "a list", thing)
        bound = tuple(_stream(stream, f"{thing} stream {n}") for n, stream in enumerate(streams))
        files = tuple(map(str, _of_type(raw, "files", list, "a list", thing) if "files" in raw else ()))
        return cls(**texts, **tables, interface=raw["interface"], reset=reset, streams=bound, files=files)

    @classmethod
    def load(cls, path: str | Path) -> "Manifest":
        """Read a manifest file.

        Raises
        ------
        InputError
            Where the file is missing or is no manifest, in one line that names the file.
        """
        try:
            text = Path(path).read_text(encoding="utf-8")
        except UnicodeDecodeError:
            raise must("Manifest", "be a JSON file", str(path)) from None
        except OSError as error:
            raise must("Manifest", f"be a file that can be read ({error.strerror})", str(path)) from None
        try:
            raw = json.loads(text)
        except ValueError:
            raise must("Manifest", "be a JSON file", str(path)) from None
        return cls.from_dict(raw, f"Manifest {path}")


_TEXTS = ("rtloom", "name", "top", "family", "digest", "clock")
_TABLES = ("params", "timing", "modules", "tools")


def _of_type(raw: Mapping[str, Any], key: str, kind: type, called: str, thing: str) -> Any:
    """Return a value of the right type."""
    if not isinstance(raw[key], kind):
        raise must(f"{thing} {key}", f"be {called}", raw[key])
    return raw[key]


def _reset(raw: Mapping[str, Any], thing: str) -> Reset:
    """Read the description of the reset."""
    if not (isinstance(raw.get("name"), str) and isinstance(raw.get("active_low"), bool)):
        raise must(f"{thing} reset", "have a name and active_low", dict(raw))
    return Reset(raw["name"], raw["active_low"])


def _stream(raw: Any, thing: str) -> BoundStream:
    """Read the description of a stream."""
    try:
        names = raw["signals"]
        signals = Signals(names["valid"], names["ready"], names["data"], names["last"])
        return BoundStream(StreamPort.from_dict(raw), signals)
    except KeyError as error:
        raise InputError(f"{thing} must have the key {error.args[0]!r}, which is missing") from None
    except (TypeError, AttributeError):
        raise must(thing, "be described by objects, lists and texts as rtloom writes them", raw) from None
