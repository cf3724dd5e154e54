"""The manifest of a matrix unit of other hands: ports as every manifest has them, and a section ``tiles``."""

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from ...errors import InputError, must
from ...generators.spec import Spec
from ...hdl.formats import product_range
from ...hdl.manifest import SCHEMA, Manifest
from ...hdl.ports import StreamPort
from .gemm_kind import DEEP, GemmKind
from .gemm_tiles import AXES_OF, GemmTiles

__all__ = ["read_gemm"]

_FILLED: Mapping[str, Any] = {
    "schema": SCHEMA,
    "rtloom": "",
    "family": "gemm",
    "params": {},
    "digest": "",
    "interface": "stream",
    "clock": "clk",
    "reset": {"name": "rst", "active_low": False},
}
"""What a manifest that was written by hand may leave out."""


def read_gemm(path: Path, top: str | None = None) -> tuple[Manifest, Spec]:
    """Read a manifest with the section ``tiles``.

    Parameters
    ----------
    path
        A JSON file: ``top``, ``streams`` (name, direction, fields, last, signals) and ``tiles`` as `gemm_tiles` has
        it; ``clock``, ``reset`` and what else rtloom's manifests hold may be left out. Those of rtloom's own designs
        do as well, with that section added.
    top
        Top module; else the file says it.

    Returns
    -------
    tuple
        The manifest, and a specification whose jobs the bench can run.

    Raises
    ------
    InputError
        Where something is missing or does not fit together.
    """
    thing = f"Manifest {path}"
    raw = _json(path)
    if top is None and not isinstance(raw.get("top"), str):
        raise InputError(f"{thing} must have the key 'top', which is missing")
    name = top or str(raw["top"])
    whole = {**_FILLED, "name": name, **raw, "top": name}
    streams = whole.get("streams")
    if isinstance(streams, list):
        whole["streams"] = [_whole_stream(stream) for stream in streams]
    if not isinstance(raw.get("tiles"), dict):
        raise InputError(f"{thing} must have an object 'tiles' that says how the matrices are walked")
    manifest = Manifest.from_dict({key: value for key, value in whole.items() if key != "tiles"}, thing)
    ports = {bound.port.name: bound.port for bound in manifest.streams}
    tiles = GemmTiles.parse(raw["tiles"])
    chosen = {matrix: _port(tiles, matrix, ports) for matrix in AXES_OF}
    _nothing_else(ports, chosen)
    family = GemmKind(chosen)
    return replace(manifest, name=name), Spec(name, family, _limited(tiles, chosen))


def _json(path: Path) -> dict[str, Any]:
    """Return a JSON file's object."""
    try:
        raw = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, ValueError) as error:
        raise must("Manifest", "be a JSON file that can be read", str(path)) from error
    if not isinstance(raw, dict):
        raise must(f"Manifest {path}", "hold a JSON object", raw)
    return raw


def _whole_stream(stream: Any) -> Any:
    """Return a stream whose flag may be left out."""
    if not isinstance(stream, dict):
        return stream
    names = stream.get("signals")
    known = {"last": None, **names} if isinstance(names, dict) else names
    last = isinstance(known, dict) and known["last"] is not None
    return {"last": last, **stream, "signals": known}


def _port(tiles: GemmTiles, matrix: str, ports: Mapping[str, StreamPort]) -> StreamPort:
    """Return the stream of a matrix, checked against its walk."""
    walk, thing = tiles.walk(matrix), f"Gemm tiles {matrix}"
    name = walk.stream or matrix
    if name not in ports:
        raise must(f"{thing} stream", f"be one of {', '.join(ports)}", name)
    port = ports[name]
    way = "out" if matrix == "c" else "in"
    if port.direction != way:
        raise must(f"Stream {name} of {thing}", f"be an {way}put", port.direction)
    if len(port.fields) != 1:
        raise must(f"Stream {name} of {thing}", "have one field", [field.name for field in port.fields])
    if port.fields[0].lanes != tiles.lanes(matrix):
        raise must(f"Stream {name} of {thing}", f"have {tiles.lanes(matrix)} lanes, as it walks", port.fields[0].lanes)
    if port.last and port.direction == "in" and walk.last is None:
        raise InputError(f"{thing} must say with 'last' at the end of which loop the flag of {name} is set")
    if walk.last is not None and not port.last:
        raise must(f"{thing} last", f"be left out, as stream {name} has no such flag", walk.last)
    return port


def _nothing_else(ports: Mapping[str, StreamPort], chosen: Mapping[str, StreamPort]) -> None:
    """Refuse streams that no matrix takes, and one that two take."""
    names = [port.name for port in chosen.values()]
    if len(set(names)) != len(names):
        raise must("Gemm tiles", "give each matrix a stream of its own", names)
    left = [name for name in ports if name not in names]
    if left:
        raise must("Manifest streams", f"be those of a, b and c: {', '.join(names)}", left[0])


def _limited(tiles: GemmTiles, ports: Mapping[str, StreamPort]) -> GemmTiles:
    """Return the description with the products of a sum limited to those that C holds."""
    a, b, c = (ports[matrix].fields[0].format for matrix in ("a", "b", "c"))
    low, high = product_range(a, b)
    holds = min(
        c.hi // high if high > 0 else DEEP,
        c.lo // low if low < 0 else DEEP,
    )
    per_tile = tiles.k if tiles.partial and tiles.k else None
    if (per_tile or 1) > holds:
        raise must("Stream of C", f"hold the sum of {per_tile or 1} products of {a.name} and {b.name}", c.name)
    if per_tile:
        return tiles
    if tiles.max_k is not None and tiles.max_k > holds:
        raise must("Gemm tiles max_k", f"be at most {holds}, as {c.name} holds no longer sum", tiles.max_k)
    return tiles.replace(max_k=min(holds, DEEP) if tiles.max_k is None else tiles.max_k)
