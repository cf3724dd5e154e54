"""Shell and design in Verilator, seen from the serial line: bytes in, bytes out, so many cycles at a time."""

import ctypes
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from ...errors import CheckError
from ...generators.spec import Spec
from ...sim.build import BuildOptions, build_native
from ...sim.shim_types import load_library
from .emitted import shell_verilog

__all__ = ["LineModel"]

DRIVER = Path(__file__).parent / "line.cpp"
_WIRES = ("clk", "rst", "rx", "tx")


class LineModel:
    """The board around a design, cycle by cycle; a context manager that gives its memory back.

    Parameters
    ----------
    spec
        The design.
    clocks_per_bit
        Clock cycles of a bit on the line.
    options
        How the simulator is built.
    seed
        Random start values of registers that have none; what comes must not depend on it.

    Raises
    ------
    InputError
        Where the line is too quick for the shell.
    ToolError
        Where the simulator cannot be built.
    """

    def __init__(self, spec: Spec, clocks_per_bit: int = 4, options: BuildOptions | None = None, seed: int = 1) -> None:
        shell = shell_verilog(spec, clocks_per_bit)
        path = build_native(shell.text, shell.top, options, [DRIVER])
        ports = load_library(path).ports
        self.design = spec.name
        self.clocks_per_bit = clocks_per_bit
        self.cycles = 0
        self._library = _typed(ctypes.CDLL(str(path)))
        wires = [ports[name].index for name in _WIRES]
        self._line: int | None = self._library.rtloom_line_open(*wires, clocks_per_bit, seed)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def step(self, cycles: int, sent: bytes = b"") -> bytes:
        """Run so many cycles; bytes to the board wait in a queue until the line is free.

        Returns
        -------
        bytes
            What the board has sent by the end of these cycles.

        Raises
        ------
        CheckError
            Where an assertion of the design has failed.
        """
        room = ctypes.create_string_buffer(cycles // (8 * self.clocks_per_bit) + 1)
        came = self._library.rtloom_line_step(self._line, cycles, sent, len(sent), room)
        self.cycles += cycles
        if came < 0:
            raise CheckError(f"Assertions of {self.design} on the virtual board must hold, but one failed")
        return room.raw[:came]

    @property
    def unsent(self) -> int:
        """How many bytes to the board have not gone over the line yet."""
        return int(self._library.rtloom_line_unsent(self._line))

    @property
    def broken(self) -> int:
        """How many bytes came from the board without a stop bit."""
        return int(self._library.rtloom_line_broken(self._line))

    def close(self) -> None:
        """Give the memory back; a second time does nothing."""
        line, self._line = self._line, None
        if line is not None:
            self._library.rtloom_line_close(line)


def _typed(library: Any) -> Any:
    """Tell ctypes the functions of line.cpp."""
    wide, place = ctypes.c_int64, ctypes.c_int32
    library.rtloom_line_open.restype = ctypes.c_void_p
    library.rtloom_line_open.argtypes = [place, place, place, place, wide, place]
    library.rtloom_line_close.argtypes = [ctypes.c_void_p]
    library.rtloom_line_close.restype = None
    library.rtloom_line_step.argtypes = [ctypes.c_void_p, wide, ctypes.c_char_p, wide, ctypes.c_char_p]
    for name in ("rtloom_line_step", "rtloom_line_unsent", "rtloom_line_broken"):
        getattr(library, name).restype = wide
    library.rtloom_line_unsent.argtypes = library.rtloom_line_broken.argtypes = [ctypes.c_void_p]
    return library
