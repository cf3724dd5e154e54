"""Stream ports as data: fields of lanes, their packing into bytes and back; no hardware import."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from .formats import Format, wire_format

__all__ = ["Beats", "Field", "StreamPort", "bytes_for"]

Beats = dict[str, NDArray[Any]]
"""Transactions of one stream: a ``(beats, lanes)`` integer array for each field, and ``last``, ``(beats,)`` bool."""


def bytes_for(bits: int) -> int:
    """Return how many whole bytes hold that many bits."""
    return -(-bits // 8)


@dataclass(frozen=True)
class Field:
    """`lanes` values of one format, side by side, lane 0 in the lowest bits."""

    name: str
    format: Format
    lanes: int
    doc: str = ""

    @property
    def width(self) -> int:
        """Bits of all lanes together."""
        return self.lanes * self.format.bits


@dataclass(frozen=True)
class StreamPort:
    """A valid/ready stream of a design: name, direction as seen by the design, fields from bit 0 upwards.

    `last` says whether each beat carries the end-of-frame flag (``tlast``), which travels beside the fields.
    """

    name: str
    direction: Literal["in", "out"]
    fields: tuple[Field, ...]
    last: bool = True
    doc: str = ""

    @property
    def width(self) -> int:
        """Bits of all fields, without the flag `last` and without padding."""
        return sum(f.width for f in self.fields)

    @property
    def nbytes(self) -> int:
        """Bytes of one beat: the fields, padded to whole bytes."""
        return bytes_for(self.width)

    def pack(self, beats: Beats) -> NDArray[np.uint8]:
        """Pack every beat into bytes, little end first: returns ``(beats, nbytes)``."""
        columns = [_bits(f.format.encode(np.asarray(beats[f.name], dtype=np.int64)), f.format.bits) for f in self.fields]
        bits = np.concatenate(columns, axis=1)
        packed = np.packbits(bits, axis=1, bitorder="little")
        return np.ascontiguousarray(packed)

    def unpack(self, raw: NDArray[np.uint8]) -> Beats:
        """Read the fields of every beat from ``(beats, nbytes)`` bytes; ``int64`` values, ``(beats, lanes)`` each."""
        bits = np.unpackbits(raw, axis=1, bitorder="little")
        beats: Beats = {}
        at = 0
        for f in self.fields:
            part = bits[:, at : at + f.width].reshape(len(raw), f.lanes, f.format.bits)
            beats[f.name] = f.format.decode(_codes(part))
            at += f.width
        return beats

    def to_dict(self) -> dict[str, Any]:
        """Return the description that the manifest holds."""
        fields, at = [], 0
        for f in self.fields:
            fields.append({"name": f.name, "format": f.format.name, "lanes": f.lanes, "offset": at, "doc": f.doc})
            at += f.width
        return {"name": self.name, "direction": self.direction, "fields": fields, "last": self.last, "doc": self.doc}

    @classmethod
    def from_dict(cls, raw: Mapping[str, Any]) -> "StreamPort":
        """Read a description as `to_dict` writes it."""
        fields = tuple(Field(f["name"], wire_format(f["format"]), f["lanes"], f.get("doc", "")) for f in raw["fields"])
        return cls(raw["name"], raw["direction"], fields, raw["last"], raw.get("doc", ""))


def _bits(codes: NDArray[np.uint64], width: int) -> NDArray[np.uint8]:
    """Spread ``(n, lanes)`` codes over ``(n, lanes * width)`` bits, lowest first."""
    n, lanes = codes.shape
    raw = np.ascontiguousarray(codes).view(np.uint8).reshape(n, lanes, 8)
    return np.unpackbits(raw, axis=2, bitorder="little")[:, :, :width].reshape(n, lanes * width)


def _codes(bits: NDArray[np.uint8]) -> NDArray[np.uint64]:
    """Gather ``(n, lanes, width)`` bits, lowest first, into ``(n, lanes)`` codes."""
    n, lanes, width = bits.shape
    full = np.zeros((n, lanes, 64), dtype=np.uint8)
    full[:, :, :width] = bits
    return np.packbits(full, axis=2, bitorder="little").view("<u8").reshape(n, lanes)
