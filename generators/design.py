"""A specification made into Verilog and manifest, kept in a cache, written whole or not at all."""

import contextlib
import hashlib
import importlib.metadata
import inspect
import json
import os
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from ..cache import cache_dir
from ..errors import must
from ..hdl.manifest import INTERFACES, BoundStream, Interface, Manifest, Reset, stream_signals
from ..hdl.verilog_names import is_plain, plain
from .fusesoc import core_file
from .spec import Spec, load

__all__ = ["Design", "design_files", "emit_design", "write_design", "write_files"]

_PACKAGE = Path(__file__).resolve().parent.parent
_TOOLS = ("amaranth", "pyosys")


@dataclass(frozen=True)
class Design:
    """An emitted design.

    Parameters
    ----------
    verilog
        Text of the Verilog file.
    manifest
        What the file is.
    """

    verilog: str
    manifest: Manifest


def emit_design(spec: Spec | str | Path | Mapping[str, Any], interface: str = "axi", name: str | None = None) -> Design:
    """Return a specification's Verilog and manifest; the second time from the cache.

    The same parameters, interface, name and versions give the same text, byte for byte.

    Parameters
    ----------
    spec
        What to make.
    interface
        ``axi`` or ``stream``: how the ports are named, see `rtloom.hdl.boundary.Boundary`.
    name
        Name of the top module and of the files; from the specification's name if not given.

    Raises
    ------
    InputError
        Where specification, interface or name break a rule.
    ToolError
        Where Yosys is missing or fails.
    """
    loaded = load(spec)
    if interface not in INTERFACES:
        raise must("Interface", f"be {' or '.join(INTERFACES)}", interface)
    if name is not None and not is_plain(name):
        raise must("Name", "be a Verilog identifier, letters, digits and _, and no keyword", name)
    top = name or plain(loaded.name)
    entry = _entry(loaded, interface, top)
    found = _recall(entry)
    if found is None:
        found = _make(loaded, interface, top)
        _keep(entry, found)
    return found


def write_design(
    spec: Spec | str | Path | Mapping[str, Any],
    directory: str | Path,
    interface: str = "axi",
    name: str | None = None,
) -> list[Path]:
    """Write ``<name>.v``, ``<name>.json`` (manifest) and ``<name>.core`` (FuseSoC), all or none.

    Parameters
    ----------
    spec, interface, name
        As `emit_design`.
    directory
        Where to; made if need be.

    Returns
    -------
    list of Path
        The files, the Verilog first.

    Raises
    ------
    InputError
        As `emit_design`, and where the directory cannot be written.
    ToolError
        As `emit_design`.
    """
    loaded = load(spec)
    return write_files(Path(directory), design_files(emit_design(loaded, interface, name), loaded.description))


def design_files(design: Design, description: str = "") -> dict[str, str]:
    """Return the text of each file of a design by its name, the Verilog first."""
    texts = (design.verilog, design.manifest.to_json(), core_file(design.manifest, description))
    return dict(zip(design.manifest.files, texts, strict=True))


def write_files(directory: Path, texts: Mapping[str, str]) -> list[Path]:
    """Write several files into a folder, made if need be: all are complete before the first takes its name.

    Raises
    ------
    InputError
        Where the folder cannot be written.
    """
    try:
        directory.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".rtloom-", dir=directory) as staging:
            for name, text in texts.items():
                (Path(staging) / name).write_text(text, encoding="utf-8")
            for name in texts:
                (Path(staging) / name).replace(directory / name)
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise must("Output", f"be a folder that can be written ({reason})", str(directory)) from None
    return [directory / name for name in texts]


def _make(spec: Spec, interface: Interface, top: str) -> Design:
    """Emit a design anew."""
    # Amaranth is imported only here: a design from the cache does without it.
    from ..hdl.boundary import Boundary
    from ..hdl.emit import emit_verilog

    family, params = spec.family, spec.params
    ports = family.ports(params)
    verilog = emit_verilog(Boundary(family.component(params), ports, interface), top, _header(spec, interface))
    manifest = Manifest(
        rtloom=_version("rtloom"),
        name=spec.name,
        top=top,
        family=family.name,
        params=params.to_dict(),
        digest=params.digest,
        interface=interface,
        clock="aclk" if interface == "axi" else "clk",
        reset=Reset("aresetn", active_low=True) if interface == "axi" else Reset("rst", active_low=False),
        streams=tuple(BoundStream(port, stream_signals(port, interface)) for port in ports),
        timing=family.describe_timing(params),
        modules=verilog.modules,
        tools={tool: _version(tool) for tool in _TOOLS},
        files=(f"{top}.v", f"{top}.json", f"{top}.core"),
    )
    # Through JSON once, so that a fresh manifest is equal to one from the cache.
    return Design(verilog.text, Manifest.from_dict(json.loads(manifest.to_json())))


def _header(spec: Spec, interface: Interface) -> list[str]:
    """Return the comment at the head of the file."""
    reset = "aresetn, active low" if interface == "axi" else "rst, active high"
    lines = [
        f"{spec.name}, generated by rtloom {_version('rtloom')}: change the parameters, not this file.",
        *([spec.description] if spec.description else []),
        "",
        f"family: {spec.family.name}",
        f"parameters ({spec.params.digest}):",
        *(f"  {key}: {json.dumps(value)}" for key, value in spec.params.to_dict().items()),
        "",
        f"Reset: {reset}, synchronous, for at least one clock cycle; registers have no initial values.",
        f"Streams, interface {interface}, lane 0 in the lowest bits:",
    ]
    for port in spec.family.ports(spec.params):
        fields = ", ".join(f"{f.name} {f.lanes} x {f.format.name}" for f in port.fields)
        lines.append(f"  {stream_signals(port, interface).data} ({port.direction}): {fields}; {port.doc}")
    return lines


def _version(package: str) -> str:
    """Return the version of an installed package."""
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return "not installed"


def _entry(spec: Spec, interface: Interface, top: str) -> Path | None:
    """Return the file in which the cache holds the design; None where there can be no cache."""
    key = {
        "name": [spec.name, spec.description, top],
        "family": [spec.family.name, spec.params.digest, interface],
        "source": [_digest(_PACKAGE / "hdl"), _digest(_PACKAGE / "generators"), _foreign_source(spec)],
        "versions": [_version(tool) for tool in ("rtloom", *_TOOLS)],
    }
    try:
        folder = cache_dir("design")
    except OSError:
        return None
    return folder / f"{hashlib.sha256(json.dumps(key).encode()).hexdigest()[:32]}.json"


def _foreign_source(spec: Spec) -> str:
    """Return a digest of the sources of a family that another package brings."""
    source = Path(inspect.getfile(type(spec.family))).resolve()
    return "" if source.is_relative_to(_PACKAGE / "generators") else _digest(source.parent)


@cache
def _digest(folder: Path) -> str:
    """Return a digest of the Python files below a folder."""
    total = hashlib.sha256()
    for path in sorted(folder.rglob("*.py")):
        total.update(f"{path.relative_to(folder)}\0".encode() + path.read_bytes() + b"\0")
    return total.hexdigest()


def _recall(entry: Path | None) -> Design | None:
    """Return a design from the cache; None where it is not there or damaged."""
    try:
        raw = json.loads(entry.read_bytes()) if entry else None
        if raw is None or raw["sum"] != _checksum(raw["verilog"], raw["manifest"]):
            return None
        return Design(raw["verilog"], Manifest.from_dict(raw["manifest"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _keep(entry: Path | None, design: Design) -> None:
    """Put a design into the cache; a cache that cannot be written is none."""
    if entry is None:
        return
    manifest = design.manifest.to_dict()
    text = json.dumps({"verilog": design.verilog, "manifest": manifest, "sum": _checksum(design.verilog, manifest)})
    with contextlib.suppress(OSError):
        handle, temporary = tempfile.mkstemp(dir=entry.parent)
        with os.fdopen(handle, "w") as file:
            file.write(text)
        Path(temporary).replace(entry)


def _checksum(verilog: str, manifest: Mapping[str, Any]) -> str:
    """Return what tells a whole cache entry from a damaged one."""
    return hashlib.sha256(json.dumps([verilog, manifest]).encode()).hexdigest()
