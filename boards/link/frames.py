"""Frames on the serial line: a body and its CRC-32 between flags, flags and escapes inside escaped.

Framing is that of RFC 1662 (PPP in HDLC-like framing), sections 4 and 4.2: whatever was lost or made up on the line,
the next flag begins anew. The CRC is that of IEEE 802.3 (`zlib.crc32`), lowest byte first.
"""

import zlib
from collections.abc import Iterable

__all__ = ["CRC_BYTES", "CRC_POLYNOMIAL", "CRC_RESIDUE", "ESCAPE", "FLAG", "FLIP", "FrameReader", "encode_frame"]

FLAG = 0x7E
"""Before and after every frame; several in a row are one."""
ESCAPE = 0x7D
"""The byte behind it was xored with `FLIP`."""
FLIP = 0x20
CRC_BYTES = 4
CRC_POLYNOMIAL = 0xEDB88320
"""Reflected; the register begins with all ones, lowest bit of each byte first, and is sent inverted."""
CRC_RESIDUE = 0xDEBB20E3
"""What the register holds behind a good body and its CRC."""


def encode_frame(body: bytes) -> bytes:
    """Return a body as it goes over the line, flags included."""
    whole = body + zlib.crc32(body).to_bytes(CRC_BYTES, "little")
    escaped = bytearray([FLAG])
    for byte in whole:
        escaped += bytes([ESCAPE, byte ^ FLIP]) if byte in (FLAG, ESCAPE) else bytes([byte])
    escaped.append(FLAG)
    return bytes(escaped)


class FrameReader:
    """Finds frames in bytes as they come, in pieces of any size.

    Attributes
    ----------
    damaged
        How many frames were thrown away so far because their CRC was wrong or an escape had no end.
    """

    def __init__(self) -> None:
        self.damaged = 0
        self._body = bytearray()
        self._escaped = False

    def feed(self, raw: Iterable[int]) -> list[bytes]:
        """Take bytes of the line and return the bodies of the frames that they complete."""
        return [body for byte in raw if (body := self._take(byte)) is not None]

    def _take(self, byte: int) -> bytes | None:
        """Take one byte; return the body that it ends, if it does."""
        if byte == FLAG:
            return self._end()
        if byte == ESCAPE:
            self._escaped = True
        else:
            self._body.append(byte ^ FLIP if self._escaped else byte)
            self._escaped = False
        return None

    def _end(self) -> bytes | None:
        """Return the body that a flag ends; None where there was nothing, or nothing whole."""
        raw, escaped = bytes(self._body), self._escaped
        self._body.clear()
        self._escaped = False
        if not raw and not escaped:
            return None
        body, check = raw[:-CRC_BYTES], raw[-CRC_BYTES:]
        if escaped or len(check) < CRC_BYTES or zlib.crc32(body).to_bytes(CRC_BYTES, "little") != check:
            self.damaged += 1
            return None
        return body
