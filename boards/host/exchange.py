"""Stop and wait: one request at a time, repeated under its number until the answer to it has come."""

import os
import time
from dataclasses import dataclass, replace

from ...errors import CheckError, must
from ..link.frames import CRC_BYTES, FrameReader, encode_frame
from ..link.protocol import HEADER_BYTES, Answer, Op, Request, Status
from .line import Line

__all__ = ["PATIENCE", "RETRIES", "Exchange", "Statistics"]

RETRIES = 8
PATIENCE = 0.25
"""Seconds that an answer may take besides its way over the line: adapters and systems hold bytes back."""
BITS_PER_BYTE = 10
"""On the line: start bit, eight of data, stop bit."""
_LONGEST_REPLY = 16
"""Bytes of payload that no answer but that to a READ exceeds."""


@dataclass
class Statistics:
    """What went over the line so far.

    Parameters
    ----------
    requests
        Different requests.
    repeats
        Times that one was sent again.
    damaged
        Frames that came damaged, here or, as it says, at the board.
    sent, received
        Bytes on the line, framing included.
    seconds
        From each request to its answer, all together (wall clock).
    """

    requests: int = 0
    repeats: int = 0
    damaged: int = 0
    sent: int = 0
    received: int = 0
    seconds: float = 0.0

    def since(self, before: "Statistics") -> "Statistics":
        """Return what was added since a copy was made."""
        return Statistics(**{name: value - getattr(before, name) for name, value in vars(self).items()})

    def copy(self) -> "Statistics":
        """Return a copy."""
        return replace(self)


class Exchange:
    """The host's end of the protocol of `rtloom.boards.link.protocol`.

    Parameters
    ----------
    line
        Where bytes go.
    port
        What messages call it.
    baud
        Bits per second, from which follows how long bytes are on their way.
    retries
        How often a request is sent again before the line is given up.
    patience
        Seconds that an answer may take besides.
    """

    def __init__(self, line: Line, port: str, *, baud: int, retries: int = RETRIES, patience: float = PATIENCE) -> None:
        if isinstance(retries, bool) or not isinstance(retries, int) or retries < 0:
            raise must("Retries", "be an integer of at least 0", retries)
        if not 0 < patience < float("inf"):
            raise must("Patience", "be a number of seconds above 0", patience)
        self.port = port
        self.statistics = Statistics()
        self._line = line
        self._baud, self._seconds_per_byte = baud, BITS_PER_BYTE / baud
        self._retries = retries
        self._patience = patience
        self._reader = FrameReader()
        # Anywhere: answers that an earlier program left on the line should not look like ours.
        self._number = os.urandom(1)[0]

    def ask(self, op: Op, stream: int = 0, payload: bytes = b"", length: int | None = None) -> Answer:
        """Send a request and return its answer, which is OK or BUSY.

        Raises
        ------
        CheckError
            Where no answer comes, or the board refuses.
        ToolError
            Where the port fails.
        """
        self._number = (self._number + 1) % 256
        request = Request(op, self._number, stream, payload, length)
        started, received = time.monotonic(), self.statistics.received
        self.statistics.requests += 1
        answer = self._repeat(request)
        self.statistics.seconds += time.monotonic() - started
        if answer is None:
            raise self._unanswered(request, self.statistics.received - received, time.monotonic() - started)
        if answer.status is Status.REFUSED:
            raise CheckError(f"Board at {self.port} must carry out {_name(request)}, but refused")
        return answer

    def _repeat(self, request: Request) -> Answer | None:
        """Send a request until it is answered or the retries are used up."""
        frame = encode_frame(request.body)
        limit = self._patience + self._seconds_per_byte * (len(frame) + _longest_answer(request))
        for again in range(self._retries + 1):
            self.statistics.repeats += again > 0
            self.statistics.sent += len(frame)
            self._line.write(frame)
            answer = self._answer(request, time.monotonic() + limit)
            if answer is not None and answer.status is not Status.GARBLED:
                return answer
        return None

    def _answer(self, request: Request, end: float) -> Answer | None:
        """Return the answer to a request, or the board's word that it came damaged; None when time is up."""
        damaged = self._reader.damaged
        try:
            while (left := end - time.monotonic()) > 0 and (raw := self._line.read(left)):
                self.statistics.received += len(raw)
                bodies = self._reader.feed(raw)
                answers = [answer for body in bodies if (answer := Answer.parse(body)) is not None]
                self.statistics.damaged += sum(answer.status is Status.GARBLED for answer in answers)
                # What else has come is late: answers to requests that were answered already.
                fitting = [a for a in answers if (a.op, a.number) == (request.op, request.number)]
                if fitting:
                    return fitting[0]
                if garbled := [a for a in answers if a.status is Status.GARBLED]:
                    return garbled[0]
            return None
        finally:
            self.statistics.damaged += self._reader.damaged - damaged

    def _unanswered(self, request: Request, received: int, seconds: float) -> CheckError:
        """Return the error for a request that no answer came to."""
        came = f"{received} bytes came, none of them its answer" if received else "nothing came"
        came += f"; the line has {self._baud} baud"
        return CheckError(
            f"Board at {self.port} must answer {_name(request)}, asked {self._retries + 1} times in {seconds:.1f} s, "
            f"but {came}"
        )


def _longest_answer(request: Request) -> int:
    """Return the bytes on the line of the longest answer, all of them escaped."""
    payload = request.length or 0 if request.op is Op.READ else _LONGEST_REPLY
    return 2 + 2 * (HEADER_BYTES + payload + CRC_BYTES)


def _name(request: Request) -> str:
    """Say what is asked for."""
    if request.op is Op.WRITE:
        return f"WRITE of {len(request.payload)} bytes to input {request.stream}"
    if request.op is Op.READ:
        return f"READ of {request.length} bytes from output {request.stream}"
    return request.op.name
