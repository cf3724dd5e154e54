"""`connect`: from a port and a specification to a device that runs arrays."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ...generators.spec import Spec, load
from .device import Device
from .exchange import PATIENCE, RETRIES, Exchange
from .line import BAUD, open_line

__all__ = ["connect"]


def connect(
    port: str,
    spec: str | Path | Spec | Mapping[str, Any],
    *,
    baud: int = BAUD,
    retries: int = RETRIES,
    patience: float = PATIENCE,
) -> Device:
    """Open a serial port and make sure that the board there holds a design.

    Parameters
    ----------
    port
        Serial port, for example ``/dev/ttyUSB0``, or the port of a `rtloom.boards.virtual.board.VirtualBoard`.
    spec
        Preset, YAML file or loaded spec that the board's bitstream was made from.
    baud
        Bits per second, those of the bitstream.
    retries
        How often a request is sent again before the line is given up.
    patience
        Seconds that an answer may take besides its way over the line.

    Returns
    -------
    Device
        For ``with``: leaving it gives the port back.

    Raises
    ------
    InputError
        Where spec, port or a number do not fit.
    CheckError
        Where nothing answers, or something else than a board that holds the design.
    ToolError
        Where pyserial is missing or the port fails.
    """
    loaded = load(spec)
    line = open_line(port, baud)
    try:
        return Device(loaded, line, Exchange(line, port, baud=baud, retries=retries, patience=patience))
    except BaseException:
        line.close()
        raise
