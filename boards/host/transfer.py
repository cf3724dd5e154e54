"""One job over the line: bytes in where there is room, bytes out as they come, so that neither waits for the other."""

import time
from collections.abc import Sequence

from ...errors import CheckError
from ...generators.family import Job
from ...hdl.ports import Beats, StreamPort
from ..link.beats import beat_bytes, from_bytes, to_bytes
from ..link.protocol import MAX_PAYLOAD, Answer, Op, Status
from .exchange import Exchange

__all__ = ["QUIET", "Transfer"]

QUIET = 10.0
"""Seconds in which a board must take or give something while a job is not done."""
PATIENT = 3
"""Steps without progress that a board may have, however long each took."""
FIRST_PIECE, LEAST_PIECE = 64, 16
"""Bytes of a payload: short frames come through where long ones do not, so pieces follow what the line can do."""
CLEAN = 8
"""Requests in a row without a repeat after which pieces become twice as long."""


class Transfer:
    """Moves the beats of one job.

    Parameters
    ----------
    exchange
        The protocol.
    ports
        All streams of the design, in its order.
    job
        What goes in, and how much is to come out.
    quiet
        Seconds without any progress that are a failure, and `PATIENT` steps besides: an answer may take long.
    """

    def __init__(self, exchange: Exchange, ports: Sequence[StreamPort], job: Job, quiet: float = QUIET) -> None:
        self._exchange = exchange
        self._inputs = [port for port in ports if port.direction == "in"]
        self._outputs = [port for port in ports if port.direction == "out"]
        given = job.inputs
        raw = [to_bytes(port, given[port.name]) if port.name in given else b"" for port in self._inputs]
        self._unsent = [memoryview(piece) for piece in raw]
        self._named = job.outputs
        self._wanted = [job.outputs.get(port.name, 0) * beat_bytes(port) for port in self._outputs]
        self._came = [bytearray() for _ in self._outputs]
        self._quiet = quiet
        self._piece, self._clean = FIRST_PIECE, 0

    def run(self) -> dict[str, Beats]:
        """Move everything; return the beats of each output that the job names.

        Raises
        ------
        CheckError
            Where the board stops in between, or gives more than the job's beats.
        ToolError
            Where the port fails.
        """
        moved, idle = time.monotonic(), 0
        while any(self._unsent) or any(self._missing(place) for place in range(len(self._outputs))):
            if self._step():
                moved, idle = time.monotonic(), 0
                continue
            idle += 1
            if idle > PATIENT and time.monotonic() - moved > self._quiet:
                raise self._stuck()
        self._check_end()
        pairs = zip(self._outputs, self._came, strict=True)
        return {port.name: from_bytes(port, bytes(raw)) for port, raw in pairs if port.name in self._named}

    def _step(self) -> int:
        """Offer a piece to each input, then take what the outputs have; return the bytes that moved."""
        sent = [self._send(place) for place, left in enumerate(self._unsent) if left]
        taken = [self._take(place) for place in range(len(self._outputs)) if self._missing(place)]
        return sum(sent) + sum(taken)

    def _send(self, place: int) -> int:
        """Write the next piece of an input; return how many bytes there was room for."""
        piece = self._unsent[place][: self._piece]
        if self._ask(Op.WRITE, place, bytes(piece)).status is Status.BUSY:
            return 0
        self._unsent[place] = self._unsent[place][len(piece) :]
        return len(piece)

    def _take(self, place: int) -> int:
        """Read an output until it has no more, or all has come; return the bytes that came."""
        total = 0
        while wanted := min(self._missing(place), self._piece):
            came = self._read(place, wanted)
            self._came[place] += came
            total += len(came)
            if len(came) < wanted:
                break
        return total

    def _read(self, place: int, length: int) -> bytes:
        """Read at most so many bytes of an output."""
        came = self._ask(Op.READ, place, length=length).payload
        if len(came) > length:
            raise CheckError(f"Board at {self._exchange.port} must give at most {length} bytes, not {len(came)}")
        return came

    def _ask(self, op: Op, place: int, payload: bytes = b"", length: int | None = None) -> Answer:
        """Ask for something, and learn from it how long pieces should be."""
        before = self._exchange.statistics.repeats
        answer = self._exchange.ask(op, place, payload, length)
        if self._exchange.statistics.repeats > before:
            self._piece, self._clean = max(self._piece // 2, LEAST_PIECE), 0
        else:
            self._clean += 1
        if self._clean == CLEAN:
            self._piece, self._clean = min(self._piece * 2, MAX_PAYLOAD), 0
        return answer

    def _missing(self, place: int) -> int:
        """Return how many bytes of an output have not come yet."""
        return self._wanted[place] - len(self._came[place])

    def _check_end(self) -> None:
        """Raise where an output has more than the job's beats by now; what comes later, the next RESET drops."""
        for place, port in enumerate(self._outputs):
            if self._read(place, 1):
                beats = self._wanted[place] // beat_bytes(port)
                raise CheckError(f"Board at {self._exchange.port} must give {beats} beats of {port.name}, not more")

    def _stuck(self) -> CheckError:
        """Return the error for a board that goes on answering, but not on working."""
        left = [(port.name, "to take", len(raw)) for port, raw in zip(self._inputs, self._unsent, strict=True)]
        left += [(port.name, "to give", self._missing(place)) for place, port in enumerate(self._outputs)]
        words = ", ".join(f"{count} bytes of {name} {what}" for name, what, count in left if count)
        return CheckError(
            f"Board at {self._exchange.port} must go on, but neither took nor gave a byte in {self._quiet:g} s: {words}"
        )
