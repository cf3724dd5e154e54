"""Power of an iCE40 UltraPlus, after the one public measurement of its parts; for other FPGAs there is none to cite.

Currents in uA are those of github.com/tinyvision-ai-inc/ice40_power, README, rails "Core" and "PLL". They give the idle
core, the clock net, the PLL, and what a logic cell and a DSP block add while two 8-bit counters are multiplied. Block
RAM and pins were not measured, so they are left out; nothing is known of the error.
"""

from collections.abc import Mapping

from ...figures import Figure
from ..board import Board
from ..pll.setting import Setting

__all__ = ["power"]

_VOLTS = 1.219
_BLANK = 85.6
# A 24-bit counter at 48 and at 24 MHz, and at 12 MHz alone, with a multiplier in LUTs, and with one in a DSP block.
_AT_48, _AT_24, _AT_12 = 2184.0, 1162.0, 645.0
_IN_LUTS, _IN_LUTS_CELLS = 996.0, 208 - 28
_IN_DSP, _IN_DSP_CELLS = 882.0, 72 - 28
# PLL from 12 to 16 MHz: current of its own rail, and of the core.
_PLL_RAIL, _PLL_CORE, _PLL_MHZ = 138.6, 1419.0, 16

CLOCK = (_AT_48 - _AT_24) / 24
"""uA a MHz of the clock net."""
CELL = (_IN_LUTS - _AT_12) / (12 * _IN_LUTS_CELLS)
"""uA a MHz of a logic cell."""
DSP = (_IN_DSP - _AT_12) / 12 - CELL * _IN_DSP_CELLS
"""uA a MHz of a DSP block."""
PLL = _PLL_RAIL + _PLL_CORE - _BLANK - CLOCK * _PLL_MHZ
"""uA of the PLL."""
_SOURCE = (
    "model, error not known: currents of github.com/tinyvision-ai-inc/ice40_power, the PLL's at 16 MHz, "
    "without BRAM and pins"
)


def power(board: Board, setting: Setting, used: Mapping[str, tuple[int, int]]) -> Figure | None:
    """Return the power of the FPGA's core in mW while the design works; None where nothing is published.

    Parameters
    ----------
    board, setting
        The board and its clock.
    used
        Resource -> how many are used, and how many there are, after place and route.
    """
    if board.device != "up5k":
        return None
    cells, dsps = used["LUT4"][0], used["DSP"][0]
    dynamic = float(setting.f_out) / 1e6 * (CLOCK + CELL * cells + DSP * dsps)
    pll = 0.0 if setting.primitive == "pin" else PLL
    return Figure(_VOLTS * (_BLANK + pll + dynamic) / 1000, "mW", _SOURCE)
