"""The structures of shim.cpp as ctypes, and a loaded model; the field order is that of the C++."""

import ctypes
import functools
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..errors import ToolError

__all__ = ["ERRORS", "Job", "Library", "PortInfo", "Stream", "load_library"]

ERRORS = (
    "none",
    "valid_dropped",
    "data_changed",
    "last_changed",
    "too_many",
    "deadlock",
    "too_long",
    "waits_for_ready",
    "valid_in_reset",
    "assertion",
)
"""What `Job.error` means, in the order of the C++ enumeration."""


class Stream(ctypes.Structure):
    """One stream of a job."""

    _fields_ = (
        ("valid", ctypes.c_int32),
        ("ready", ctypes.c_int32),
        ("data", ctypes.c_int32),
        ("last", ctypes.c_int32),
        ("input", ctypes.c_int32),
        ("waits", ctypes.c_int32),
        ("bytes", ctypes.c_int64),
        ("count", ctypes.c_int64),
        ("payload", ctypes.c_void_p),
        ("lasts", ctypes.c_void_p),
        ("cycles", ctypes.c_void_p),
        ("go", ctypes.c_void_p),
        ("go_length", ctypes.c_int64),
        ("moved", ctypes.c_int64),
        ("first", ctypes.c_int64),
        ("final", ctypes.c_int64),
        ("stalls", ctypes.c_int64),
        ("longest_stall", ctypes.c_int64),
        ("idle", ctypes.c_int64),
        ("longest_idle", ctypes.c_int64),
        ("back_to_back", ctypes.c_int64),
        ("moved_at_reset", ctypes.c_int64),
        ("waits_at_reset", ctypes.c_int64),
    )


class Job(ctypes.Structure):
    """One run."""

    _fields_ = (
        ("clock", ctypes.c_int32),
        ("reset", ctypes.c_int32),
        ("reset_active", ctypes.c_int32),
        ("reset_cycles", ctypes.c_int32),
        ("reset_at", ctypes.c_int64),
        ("max_cycles", ctypes.c_int64),
        ("patience", ctypes.c_int64),
        ("quiet", ctypes.c_int64),
        ("probe", ctypes.c_int64),
        ("cycles", ctypes.c_int64),
        ("error_cycle", ctypes.c_int64),
        ("error", ctypes.c_int32),
        ("error_stream", ctypes.c_int32),
        ("before_reset", ctypes.c_int32),
        ("held", ctypes.c_int32),
        ("held_value", ctypes.c_int64),
        ("patient", ctypes.c_int64),
        ("strained", ctypes.c_int64),
    )


@dataclass(frozen=True)
class PortInfo:
    """A port of the model: its place in the shim's table, its width in bits, whether the design drives it."""

    index: int
    width: int
    output: bool


@dataclass(frozen=True)
class Library:
    """A model in this process: its entry point and its ports by name. The call releases the GIL."""

    run: Any
    ports: dict[str, PortInfo]


@functools.lru_cache(maxsize=256)
def load_library(path: Path) -> Library:
    """Load a model that `build_native` made; each file is loaded once."""
    try:
        library = ctypes.CDLL(str(path))
    except OSError as error:
        raise ToolError(f"Model must be a library that can be loaded: {error}") from None
    library.rtloom_port.restype = ctypes.c_char_p
    library.rtloom_port.argtypes = [ctypes.c_int32, *[ctypes.POINTER(ctypes.c_int32)] * 3]
    library.rtloom_run.restype = ctypes.c_int32
    library.rtloom_run.argtypes = [
        ctypes.POINTER(Job),
        ctypes.POINTER(Stream),
        ctypes.c_int32,
        ctypes.c_int32,
        ctypes.c_char_p,
        ctypes.c_char_p,
    ]
    ports = {}
    for index in range(library.rtloom_ports()):
        width, output, size = ctypes.c_int32(), ctypes.c_int32(), ctypes.c_int32()
        name = library.rtloom_port(index, width, output, size).decode()
        ports[name] = PortInfo(index, width.value, bool(output.value))
    return Library(library.rtloom_run, ports)
