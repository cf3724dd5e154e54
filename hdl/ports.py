"""Stream ports as data: fields of lanes, their packing into bytes and back; no hardware import."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import reduce
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from .formats import Format, wire_format

__all__ = ["Beats", "Field", "StreamPort", "bytes_for"]

Beats = dict[str, NDArray[Any]]
"""Transactions of one stream: a ``(beats, lanes)`` integer array for each field, and ``last``, ``(beats,)`` bool."""


_CHUNK = 1 << 14
"""Beats packed at a time: single bits take eight times the room."""


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
        """Pack every beat into bytes, little end first.

        Parameters
        ----------
        beats
            For each field a ``(beats, lanes)`` integer array of values of its format; `last` travels beside the bytes.

        Returns
        -------
        numpy.ndarray
            ``(beats, nbytes)`` uint8.
        """
        arrays = [np.asarray(beats[f.name]) for f in self.fields]
        packed = np.empty((len(arrays[0]), self.nbytes), dtype=np.uint8)
        for at in range(0, len(packed), _CHUNK):
            chunks = [a[at : at + _CHUNK].astype(np.int64, copy=False) for a in arrays]
            codes = [f.format.encode(chunk) for f, chunk in zip(self.fields, chunks, strict=True)]
            packed[at : at + _CHUNK] = self._pack(codes)
        return packed

    def unpack(self, raw: NDArray[np.uint8]) -> Beats:
        """Read the fields of every beat from ``(beats, nbytes)`` bytes; ``int64`` values, ``(beats, lanes)`` each."""
        beats: Beats = {f.name: np.empty((len(raw), f.lanes), dtype=np.int64) for f in self.fields}
        for at in range(0, len(raw), _CHUNK):
            chunk = raw[at : at + _CHUNK]
            for f, codes in zip(self.fields, self._unpack(chunk), strict=True):
                beats[f.name][at : at + _CHUNK] = f.format.decode(codes)
        return beats

    @property
    def _whole_bytes(self) -> bool:
        """Whether every lane is whole bytes, so that no bit has to move."""
        return all(f.format.bits % 8 == 0 for f in self.fields)

    def _pack(self, codes: list[NDArray[np.uint64]]) -> NDArray[np.uint8]:
        """Put the codes of all fields side by side."""
        widths = [f.format.bits for f in self.fields]
        if all(f.width % 8 == 0 for f in self.fields):
            return np.concatenate([_octets(c, w) for c, w in zip(codes, widths, strict=True)], axis=1)
        bits = [_bits(_bytes(c), w) for c, w in zip(codes, widths, strict=True)]
        return np.packbits(np.concatenate(bits, axis=1), axis=1, bitorder="little")

    def _unpack(self, raw: NDArray[np.uint8]) -> list[NDArray[np.uint64]]:
        """Take the codes of all fields apart."""
        unit = 8 if self._whole_bytes else 1
        cells = raw if self._whole_bytes else np.unpackbits(raw, axis=1, bitorder="little")
        codes, at = [], 0
        for f in self.fields:
            part = cells[:, at : at + f.width // unit].reshape(len(raw), f.lanes, f.format.bits // unit)
            full = np.zeros((len(raw), f.lanes, 64 // unit), dtype=np.uint8)
            full[:, :, : part.shape[2]] = part
            octets = full if self._whole_bytes else np.packbits(full, axis=2, bitorder="little")
            codes.append(octets.view("<u8").reshape(len(raw), f.lanes).astype(np.uint64, copy=False))
            at += f.width // unit
        return codes

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


def _bytes(codes: NDArray[np.uint64]) -> NDArray[np.uint8]:
    """Return ``(n, lanes)`` codes as ``(n, lanes, 8)`` bytes, little end first."""
    return np.ascontiguousarray(codes, dtype="<u8").view(np.uint8).reshape(*codes.shape, 8)


def _octets(codes: NDArray[np.uint64], width: int) -> NDArray[np.uint8]:
    """Return ``(n, lanes)`` codes of `width` bits, whole bytes together, as ``(n, bytes)``."""
    if width % 8 == 0:
        return _bytes(codes)[:, :, : width // 8].reshape(len(codes), -1)
    if 8 % width:
        return np.packbits(_bits(_bytes(codes), width), axis=1, bitorder="little")
    # Nibbles and the like are folded: single bits would take eight times the room and several times as long.
    lanes = codes.astype(np.uint8)
    return reduce(np.bitwise_or, (lanes[:, i :: 8 // width] << np.uint8(i * width) for i in range(8 // width)))


def _bits(octets: NDArray[np.uint8], width: int) -> NDArray[np.uint8]:
    """Return the lowest `width` bits of each lane's bytes, lanes side by side."""
    bits = np.unpackbits(octets, axis=2, count=width, bitorder="little")
    return bits.reshape(len(octets), octets.shape[1] * width)
