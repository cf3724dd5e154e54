"""What happens to the sums on chip, per output channel, as beats of the stream `epilogue`."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...hdl.ports import Beats
from ..operands import Argument, per_lane, requantize_arguments
from .params import SparseParams
from .tiling import Tiling

__all__ = ["EPILOGUE", "Epilogue"]

EPILOGUE = ("bias", "multiplier", "shift", "zero_point", "activate")
"""Names of what an operation takes for its sums."""

_PER_CHANNEL = ("bias", "multiplier", "shift")


@dataclass(frozen=True)
class Epilogue:
    """Checked values of N output channels, by argument; only those that the design has.

    `values` maps bias, multiplier and shift to ``(N,)`` arrays, zero_point and activate to ``(1,)`` arrays.
    """

    values: dict[str, NDArray[np.int64]]

    @classmethod
    def check(cls, params: SparseParams, channels: int, given: Mapping[str, Any]) -> "Epilogue":
        """Return the values for `channels` output channels.

        Raises
        ------
        InputError
            Where a value is missing, out of range, of the wrong shape, or given to a design without that unit.
        """
        values = {}
        bias = Argument(params.bias_format if params.bias else None, 0, "bias")
        for name, argument in {"bias": bias, **requantize_arguments(params)}.items():
            value = argument.value(given, name, "Sparse")
            if argument.format is not None:
                lanes = channels if name in _PER_CHANNEL else 1
                values[name] = per_lane(argument.format, value, lanes, f"Sparse {name}")
        return cls(values)

    def stream(self, tiling: Tiling) -> Beats:
        """Return the beats of `epilogue`: one for each beat of `o`."""
        params = tiling.params
        shape = (tiling.tiles_n, tiling.tiles_m, params.panel_rows, params.chains)
        count = shape[0] * shape[1] * shape[2]
        beats: Beats = {}
        for name, values in self.values.items():
            if name not in _PER_CHANNEL:
                beats[name] = np.full((count, 1), values[0], dtype=np.int64)
                continue
            padded = np.pad(values, (0, tiling.tiles_n * params.channels - len(values)))
            lanes = padded.reshape(tiling.tiles_n, 1, params.chains, params.panel_rows).transpose(0, 1, 3, 2)
            field = "addend" if name == "bias" else name
            beats[field] = np.broadcast_to(lanes, shape).reshape(count, params.chains)
        return beats
