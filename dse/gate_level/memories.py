"""A memory that synthesis kept whole, with its own content in each of 64 runs."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...errors import ToolError
from .flat import MemoryCell, Nets
from .functions import Words

__all__ = ["LANES", "MemoryModel", "bits_of_lanes", "words_of_lanes"]

LANES = 64
"""Runs side by side: one bit of a word each."""


def bits_of_lanes(words: Words) -> NDArray[np.uint8]:
    """Return ``(64, n)`` bits of ``(n,)`` words, a row for each run."""
    octets = np.ascontiguousarray(words, dtype="<u8").view(np.uint8).reshape(-1, 8)
    return np.unpackbits(octets, axis=1, bitorder="little").T


def words_of_lanes(bits: NDArray[np.uint8]) -> Words:
    """Return ``(n,)`` words of ``(64, n)`` bits."""
    packed = np.packbits(np.ascontiguousarray(bits.T), axis=1, bitorder="little")
    return np.ascontiguousarray(packed).view("<u8").reshape(-1).astype(np.uint64, copy=False)


class MemoryModel:
    """Words, ports and content of one ``$mem_v2``: synchronous reads, writes bit by bit; it starts with zeros.

    Raises
    ------
    ToolError
        It reads without a clock, or resets what it read.
    """

    def __init__(self, cell: MemoryCell) -> None:
        self.cell = cell
        of = cell.parameters
        self.size, self.width, self.address = (_number(of, key) for key in ("SIZE", "WIDTH", "ABITS"))
        self.reads, self.writes = _number(of, "RD_PORTS"), _number(of, "WR_PORTS")
        self.offset = _number(of, "OFFSET")
        clocked = _flags(of, "RD_CLK_ENABLE", self.reads) and _flags(of, "WR_CLK_ENABLE", self.writes)
        resets = [pin for pin in ("RD_ARST", "RD_SRST") if cell.pins[pin].any()]
        if not clocked or resets:
            raise ToolError(f"Memory {cell.name} must read and write at the clock, without a reset of what it read")
        self.transparent = _number(of, "RD_TRANSPARENCY_MASK")
        self.content = np.zeros((LANES, self.size, self.width), dtype=np.uint8)
        start = str(of["INIT"])[::-1].ljust(self.size * self.width, "x")
        known = np.array([bit == "1" for bit in start[: self.size * self.width]], dtype=np.uint8)
        self.content[:] = known.reshape(self.size, self.width)
        self.outs = cell.pins["RD_DATA"]
        self.read_count = self.write_count = 0

    def edge(self, values: Words, place: Nets, mask: Words) -> Words:
        """Return what RD_DATA holds after a clock edge, and write; `values` are those just before it.

        Parameters
        ----------
        values
            Word of every net.
        place
            Where in `values` each net is.
        mask
            Runs whose accesses count, one word.
        """
        pins = {name: values[place[nets]] for name, nets in self.cell.pins.items()}
        lanes = np.arange(LANES)
        old = pins["RD_DATA"].copy()
        writes = [self._write_port(pins, port) for port in range(self.writes)]
        for read in range(self.reads):
            enable = pins["RD_EN"][read]
            at = self._at(pins["RD_ADDR"], read)
            found = self.content[lanes, at]
            for port, (where, enables, data) in enumerate(writes):
                if self.transparent >> (read * self.writes + port) & 1:
                    hit = (where == at)[:, None] & (enables == 1)
                    found = np.where(hit, data, found)
            part = slice(read * self.width, (read + 1) * self.width)
            old[part] = (words_of_lanes(found) & enable) | (old[part] & ~enable)
            self.read_count += int(np.bitwise_count(enable & mask[0]))
        for where, enables, data in writes:
            self.content[lanes, where] = np.where(enables == 1, data, self.content[lanes, where])
            self.write_count += int((enables.any(axis=1) & bits_of_lanes(mask)[:, 0].astype(np.bool_)).sum())
        return old

    def _write_port(
        self, pins: Mapping[str, Words], port: int
    ) -> tuple[NDArray[np.int64], NDArray[np.uint8], NDArray[np.uint8]]:
        """Return address, enables and data of a write port in each run."""
        part = slice(port * self.width, (port + 1) * self.width)
        return self._at(pins["WR_ADDR"], port), bits_of_lanes(pins["WR_EN"][part]), bits_of_lanes(pins["WR_DATA"][part])

    def _at(self, words: Words, port: int) -> NDArray[np.int64]:
        """Return the word that a port means in each run; one beyond the end is the last."""
        bits = bits_of_lanes(words[port * self.address : (port + 1) * self.address])
        address: Nets = (bits.astype(np.int64) << np.arange(self.address)).sum(axis=1) - self.offset
        return np.asarray(np.clip(address, 0, self.size - 1))


def _number(parameters: Mapping[str, Any], name: str) -> int:
    """Return a parameter, a text of bits; unknown ones are 0."""
    return int(str(parameters[name]).replace("x", "0") or "0", 2)


def _flags(parameters: Mapping[str, Any], name: str, count: int) -> bool:
    """Tell whether all flags of that many ports are set."""
    return _number(parameters, name) & ((1 << count) - 1) == (1 << count) - 1
