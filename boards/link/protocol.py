"""Requests of the host and answers of the board: one at a time, repeated until the answer has come.

The host sends a request and waits for the answer with the same number. Where none comes in time it sends the same
request again. The board carries out each number once: of a request that it has carried out already, it only repeats the
answer; so bytes lost either way cost time and nothing else. BUSY and REFUSED are repeated as well: the host asks again
with another number.

Request: operation, number, stream, length (2 bytes, lowest first), payload. Answer: operation + `ANSWER`, number,
status, length (2 bytes), payload. Both travel in frames (`frames`), which carry the CRC.

========  ======================  ==========================  ============================================
request   stream                  length, payload             answer's payload
========  ======================  ==========================  ============================================
HELLO     0                       0                           `Greeting`: who the board is
WRITE     place among the inputs  bytes of beats              none; ``BUSY`` where they do not all fit now
READ      place among outputs     most bytes wanted, none     what there is, at most that many bytes
COUNTERS  0                       0                           `Counters`
RESET     0                       0                           none; design, buffers and counters begin anew
========  ======================  ==========================  ============================================

The board keeps what a READ gave until a request with another number comes. HELLO and RESET may have any number; they
forget what was before. A frame that is damaged, and nothing else, is answered by ``GARBLED`` with the number 0. While
an answer goes out the board hears nothing; while COUNTERS go out the design's outputs wait, which counts as stalled.
"""

from dataclasses import dataclass
from enum import IntEnum
from typing import Self

from ...errors import CheckError

__all__ = [
    "ANSWER",
    "COUNTER_BYTES",
    "HEADER_BYTES",
    "MAX_PAYLOAD",
    "VERSION",
    "Answer",
    "Counters",
    "Greeting",
    "Op",
    "Request",
    "Status",
]

VERSION = 1
ANSWER = 0x80
"""Added to the operation of an answer."""
HEADER_BYTES = 5
MAX_PAYLOAD = 256
"""Bytes of a payload, either way."""
COUNTER_BYTES = 5
"""Bytes of each counter."""
_MAGIC = b"rtlm"


class Op(IntEnum):
    """What a request asks for."""

    HELLO = 1
    WRITE = 2
    READ = 3
    COUNTERS = 4
    RESET = 5


class Status(IntEnum):
    """What became of a request."""

    OK = 0
    BUSY = 1
    """Not carried out, as there is no room: ask again, with another number."""
    REFUSED = 2
    """Never carried out: no such operation or stream, or a length that does not fit the request."""
    GARBLED = 3
    """A damaged frame came."""


@dataclass(frozen=True)
class Request:
    """A request, ready to be put into a frame; of a READ, `length` says how many bytes are wanted at most."""

    op: Op
    number: int
    stream: int = 0
    payload: bytes = b""
    length: int | None = None

    @property
    def body(self) -> bytes:
        """The frame's body."""
        length = len(self.payload) if self.length is None else self.length
        return bytes([self.op, self.number, self.stream, length & 0xFF, length >> 8]) + self.payload


@dataclass(frozen=True)
class Answer:
    """An answer as it came."""

    op: int
    number: int
    status: Status
    payload: bytes

    @property
    def body(self) -> bytes:
        """The frame's body."""
        length = len(self.payload)
        return bytes([self.op | ANSWER, self.number, self.status, length & 0xFF, length >> 8]) + self.payload

    @classmethod
    def parse(cls, body: bytes) -> Self | None:
        """Read a frame's body; None where it is no answer."""
        if len(body) < HEADER_BYTES or not body[0] & ANSWER or body[2] not in list(Status):
            return None
        if int.from_bytes(body[3:HEADER_BYTES], "little") != len(body) - HEADER_BYTES:
            return None
        return cls(body[0] & ~ANSWER, body[1], Status(body[2]), body[HEADER_BYTES:])


@dataclass(frozen=True)
class Greeting:
    """Who a board is: protocol, identity of its design (see `identity`), numbers of input and output streams."""

    version: int
    identity: bytes
    inputs: int
    outputs: int

    @property
    def payload(self) -> bytes:
        """As it travels."""
        return _MAGIC + bytes([self.version]) + self.identity + bytes([self.inputs, self.outputs])

    @classmethod
    def parse(cls, payload: bytes) -> Self:
        """Read a payload.

        Raises
        ------
        CheckError
            Where it comes from something else.
        """
        if payload[:4] != _MAGIC or len(payload) != 15:
            raise CheckError(f"Board must answer with rtloom's greeting, not {payload.hex() or 'nothing'}")
        return cls(payload[4], payload[5:13], payload[13], payload[14])


@dataclass(frozen=True)
class Counters:
    """Clock cycles of the design since its reset, each modulo 2**40: hours, even of waiting for the line.

    Parameters
    ----------
    cycles
        From the first beat that it took to the last that it gave, both included; 0 before the first beat came out.
    starved
        Of these, cycles in which no input gave a beat, and one that the design would have taken from had none.
    stalled
        Of these, cycles in which an output offered a beat that the shell had no room for.
    """

    cycles: int
    starved: int
    stalled: int

    @property
    def payload(self) -> bytes:
        """As they travel: `COUNTER_BYTES` each, lowest first."""
        return b"".join(value.to_bytes(COUNTER_BYTES, "little") for value in (self.cycles, self.starved, self.stalled))

    @classmethod
    def parse(cls, payload: bytes) -> Self:
        """Read a payload.

        Raises
        ------
        CheckError
            Where it has another length.
        """
        if len(payload) != 3 * COUNTER_BYTES:
            raise CheckError(f"Board's counters must be {3 * COUNTER_BYTES} bytes, not {len(payload)}")
        starts = range(0, len(payload), COUNTER_BYTES)
        return cls(*(int.from_bytes(payload[at : at + COUNTER_BYTES], "little") for at in starts))
