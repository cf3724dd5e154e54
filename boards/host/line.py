"""A serial port as the driver uses it: bytes out, bytes in within a time; every mishap one clear line."""

import errno
import time
from importlib import import_module
from typing import Any, Protocol

from ...errors import RtloomError, ToolError, must

__all__ = ["BAUD", "Line", "SerialLine", "open_line"]

BAUD = 115_200
"""Bits per second unless told otherwise."""
TICK = 0.02
"""Seconds that a read of the port waits at a time; a byte that comes ends it at once."""
WRITE_LIMIT = 10.0
"""Seconds in which the port must have taken the bytes of one frame."""
_RULES = {
    errno.ENOENT: "be the path of a serial port that is there",
    errno.ENODEV: "be the path of a serial port that is there",
    errno.ENXIO: "be the path of a serial port that is there",
    errno.EAGAIN: "be one that no other program has open",
    errno.EBUSY: "be one that no other program has open",
    errno.EACCES: "be one that you may read and write (permission denied)",
    errno.EPERM: "be one that you may read and write (permission denied)",
}


class Line(Protocol):
    """What the driver needs of a connection."""

    def write(self, raw: bytes) -> None:
        """Send bytes."""

    def read(self, timeout: float) -> bytes:
        """Return what has come, at least a byte, or nothing after `timeout` seconds."""

    def close(self) -> None:
        """Give the connection back; a second time does nothing."""


def open_line(port: str, baud: int = BAUD) -> "SerialLine":
    """Open a serial port for this program alone.

    Parameters
    ----------
    port
        A device such as ``/dev/ttyUSB0`` or ``COM3``, or any other URL that pyserial knows.
    baud
        Bits per second.

    Raises
    ------
    InputError
        Where the port is absent, busy, not permitted or none at all, or cannot do that speed.
    ToolError
        Where pyserial is not installed.
    """
    if isinstance(baud, bool) or not isinstance(baud, int) or baud < 1:
        raise must("Baud rate", "be an integer of at least 1", baud)
    serial = _pyserial()
    try:
        opened = serial.serial_for_url(port, baudrate=baud, timeout=TICK, write_timeout=WRITE_LIMIT, exclusive=True)
    except serial.SerialException as error:
        raise _refused(port, error) from None
    except (ValueError, OSError, OverflowError) as error:
        if "baud" in str(error).lower():
            raise must("Baud rate", f"be one that {port} can do", baud) from None
        raise _refused(port, error) from None
    return SerialLine(opened, port)


class SerialLine:
    """An open serial port.

    Parameters
    ----------
    serial
        As pyserial gives it.
    port
        What messages call it.
    """

    def __init__(self, serial: Any, port: str) -> None:
        self._serial = serial
        self._port = port

    def write(self, raw: bytes) -> None:
        """Send bytes.

        Raises
        ------
        ToolError
            Where the port has gone or takes nothing.
        """
        try:
            self._serial.write(raw)
        except OSError as error:  # which pyserial's own errors are
            raise self._gone(error) from None

    def read(self, timeout: float) -> bytes:
        """Return what has come, at least a byte, or nothing after `timeout` seconds.

        Raises
        ------
        ToolError
            Where the port has gone.
        """
        end = time.monotonic() + timeout
        try:
            while True:
                raw = bytes(self._serial.read(1))
                if raw:
                    return raw + bytes(self._serial.read(self._serial.in_waiting))
                if time.monotonic() >= end:
                    return b""
        except (OSError, TypeError) as error:  # a port that was closed meanwhile has no number any more
            raise self._gone(error) from None

    def close(self) -> None:
        """Give the port back."""
        self._serial.close()

    def _gone(self, error: Exception) -> ToolError:
        return ToolError(f"Serial port {self._port} must stay connected, but failed: {' '.join(str(error).split())}")


def _pyserial() -> Any:
    """Return the package that knows serial ports."""
    try:
        return import_module("serial")
    except ImportError:
        raise ToolError("pyserial must be installed to talk to boards: pip install 'rtloom[boards]'") from None


def _refused(port: str, error: Exception) -> RtloomError:
    """Return the error for a port that does not open."""
    rule = _RULES.get(getattr(error, "errno", None) or 0)
    if rule is None:
        rule = f"be a serial port that can be opened ({' '.join(str(error).split())[:120]})"
    return must("Serial port", rule, port)
