"""Packing: the routed design as the file that the board is loaded with."""

import tempfile
from pathlib import Path

from ..board import Board
from .tools import run_tool

__all__ = ["SUFFIXES", "pack"]

SUFFIXES = {"ice40": ".bin", "ecp5": ".bit", "gowin": ".fs"}
"""What the bitstream's file is called."""
_TIME_LIMIT = 600.0


def pack(board: Board, routed: bytes) -> bytes:
    """Return the bitstream of a routed design.

    Raises
    ------
    ToolError
        The packer is missing or fails.
    """
    with tempfile.TemporaryDirectory(prefix="rtloom-pack-") as name:
        folder = Path(name)
        (folder / "routed").write_bytes(routed)
        if board.fpga == "ice40":
            run_tool("icepack", ["routed", "packed"], folder, _TIME_LIMIT)
        elif board.fpga == "ecp5":
            run_tool("ecppack", ["--compress", "routed", "packed"], folder, _TIME_LIMIT)
        else:
            run_tool("gowin_pack", ["-d", board.package, "-o", "packed", "routed"], folder, _TIME_LIMIT)
        return (folder / "packed").read_bytes()
