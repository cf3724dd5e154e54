"""What happens to the sums on chip, per output channel, as arrays and as beats of the stream `epilogue`."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...hdl.ports import Beats
from ..operands import Argument, per_lane, requantize_arguments
from .params import SystolicParams

__all__ = ["Epilogue"]

_PER_CHANNEL = ("bias", "multiplier", "shift")


@dataclass(frozen=True)
class Epilogue:
    """Checked epilogue values of N output channels; only those that the design has are in `fields`.

    `fields` maps bias, multiplier and shift to ``(N,)`` arrays, zero_point and activate to ``(1,)`` arrays.
    """

    fields: dict[str, NDArray[np.int64]]

    @classmethod
    def check(cls, params: SystolicParams, channels: int, given: dict[str, Any]) -> "Epilogue":
        """Return the epilogue for `channels` output channels.

        Bias defaults to 0, zero_point to 0, activate to whether the design has an activation; multiplier and shift
        must be given to a design that requantizes.

        Raises
        ------
        InputError
            Where a value is missing, out of range, of the wrong shape, or given to a design without that unit.
        """
        fields: dict[str, NDArray[np.int64]] = {}
        for name, argument in _arguments(params).items():
            value = argument.value(given, name, "Systolic")
            if argument.format is not None:
                lanes = channels if name in _PER_CHANNEL else 1
                fields[name] = per_lane(argument.format, value, lanes, f"Systolic {name}")
        return cls(fields)

    def take(self, channels: slice) -> "Epilogue":
        """Return the epilogue of some of the channels."""
        return Epilogue({k: v[channels] if k in _PER_CHANNEL else v for k, v in self.fields.items()})

    def tiled(self, params: SystolicParams, repeats: int) -> Beats:
        """Return one beat a tile of `cols` channels, the whole sequence of tiles `repeats` times."""
        beats: Beats = {}
        for name, values in self.fields.items():
            if name in _PER_CHANNEL:
                lanes = np.pad(values, (0, -len(values) % params.cols)).reshape(-1, params.cols)
                count = len(lanes)
                beats[name] = np.tile(lanes, (repeats, 1))
        tiles = count * repeats
        beats |= {k: np.repeat(v.reshape(1, 1), tiles, axis=0) for k, v in self.fields.items() if k not in _PER_CHANNEL}
        return beats

    def streamed(self, blocks: Sequence[int], tiles: int) -> Beats:
        """Return one beat a channel; each block of channels once for every one of `tiles`."""
        starts = np.cumsum([0, *blocks])
        order = np.concatenate(
            [np.tile(np.arange(at, at + size), tiles) for at, size in zip(starts, blocks, strict=False)]
        )
        return {
            k: v[order if k in _PER_CHANNEL else np.zeros_like(order)].reshape(-1, 1) for k, v in self.fields.items()
        }


def _arguments(params: SystolicParams) -> dict[str, Argument]:
    """Return what the epilogue takes, in the order of the stream's fields."""
    bias = Argument(params.bias_format if params.bias else None, 0, "bias")
    return {"bias": bias, **requantize_arguments(params)}
