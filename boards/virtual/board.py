"""The virtual board: shell and design in Verilator behind a pseudo-terminal, which the driver opens like any port."""

import os
import select
import threading
import time
import tty
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from ...errors import RtloomError, ToolError
from ...generators.spec import Spec, load
from ...sim.build import BuildOptions
from .model import LineModel
from .noise import Channel, LineNoise

__all__ = ["SLOW", "VirtualBoard"]

SLICE = 512
"""Clock cycles run at a time; what comes meanwhile waits."""
AWAKE = 50_000
"""Clock cycles that go on after the last byte, for designs that are still at work."""
CHUNK = 4096
SLOW = 10.0
"""Seconds of patience for hosts of large designs, whose simulation answers more slowly than any board."""


class VirtualBoard:
    """A board in this process; a context manager that ends it. Works as soon as it is made.

    Parameters
    ----------
    spec
        Preset, YAML file or loaded spec.
    noise
        What happens to bytes on the line; nothing if not given.
    clocks_per_bit
        Clock cycles of a bit on the line: the fewer, the quicker.
    options
        How the simulator is built.

    Attributes
    ----------
    port
        Path of the pseudo-terminal, for `rtloom.boards.host.connect.connect`.
    spec
        The design.

    Raises
    ------
    InputError
        Where the spec does not fit.
    ToolError
        Where the simulator cannot be built.
    """

    def __init__(
        self,
        spec: str | Path | Spec | Mapping[str, Any],
        noise: LineNoise | None = None,
        *,
        clocks_per_bit: int = 4,
        options: BuildOptions | None = None,
    ) -> None:
        self.spec = load(spec)
        self._model = LineModel(self.spec, clocks_per_bit, options)
        self._there, self._back = Channel(noise, 0), Channel(noise, 1)
        self._awake = 0
        self._failure: RtloomError | None = None
        self._stop, self._ended = threading.Event(), threading.Event()
        # Both ends stay open here: hosts come and go without the terminal noticing.
        self._master, self._slave = os.openpty()
        tty.setraw(self._slave)
        os.set_blocking(self._master, False)
        self.port = os.ttyname(self._slave)
        self._woken, self._wake = os.pipe()
        self._thread = threading.Thread(target=self._work, name=f"board at {self.port}", daemon=True)
        self._thread.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def cycles(self) -> int:
        """Clock cycles since power-on; none pass while the line is quiet and the design has had time to finish."""
        return self._model.cycles

    def disturb(self, noise: LineNoise | None) -> None:
        """Let other things happen to the bytes that come over the line from now on."""
        self._there.disturb(noise)
        self._back.disturb(noise)

    def wait(self) -> None:
        """Return when the board has failed; `close` then says why."""
        # not the thread's own join: interrupted, it takes the thread for ended
        self._ended.wait()

    def close(self) -> None:
        """End the board; a second time does nothing.

        Raises
        ------
        CheckError
            Where an assertion of the design has failed meanwhile.
        """
        if self._stop.is_set():
            return
        self._stop.set()
        os.write(self._wake, b"\0")
        self._thread.join()
        self._model.close()
        for end in (self._master, self._slave, self._woken, self._wake):
            os.close(end)
        if self._failure is not None:
            raise self._failure

    def _work(self) -> None:
        """Move bytes between terminal and model until the board is closed."""
        try:
            while not self._stop.is_set():
                self._wait()
                self._back.put(self._run(), time.monotonic())
                self._answer()
        except RtloomError as error:
            self._failure = error
        except OSError as error:
            self._failure = ToolError(f"Virtual board must have a terminal to work on, but: {error.strerror}")
        finally:
            self._ended.set()

    def _wait(self) -> None:
        """Take what has come from the host; sleep where there is nothing to be done."""
        times = [due for due in (self._there.due(), self._back.due()) if due is not None]
        sleep = max(min(times) - time.monotonic(), 0) if times else None
        ready, _, _ = select.select([self._master, self._woken], [], [], 0 if self._awake > 0 else sleep)
        if self._master in ready:
            self._there.put(os.read(self._master, CHUNK), time.monotonic())

    def _run(self) -> bytes:
        """Let the board work for a while if it has something to do; return what it has sent."""
        sent = self._there.take(time.monotonic())
        if not sent and self._awake <= 0:
            return b""
        came = self._model.step(SLICE, sent)
        self._awake = AWAKE if sent or came or self._model.unsent else self._awake - SLICE
        return came

    def _answer(self) -> None:
        """Hand what has come through to the host."""
        raw = self._back.take(time.monotonic())
        while raw and not self._stop.is_set():
            _, writable, _ = select.select([], [self._master], [], 0.1)
            if writable:
                raw = raw[os.write(self._master, raw) :]
