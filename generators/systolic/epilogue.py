"""What happens to the sums on chip, per output channel, as arrays and as beats of the stream `epilogue`."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...errors import InputError, must
from ...hdl.formats import Integer
from ...hdl.ports import Beats
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
        for name, (fmt, default, built_with) in _known(params).items():
            value = given.get(name)
            if fmt is None:
                if value is not None:
                    raise InputError(f"Systolic {name} must be left out: the design was built without {built_with}")
                continue
            if value is None and default is None:
                raise InputError(f"Systolic {name} must be given: the design requantizes")
            lanes = channels if name in _PER_CHANNEL else 1
            fields[name] = _lanes(fmt, default if value is None else value, lanes, f"Systolic {name}")
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


def _known(params: SystolicParams) -> dict[str, tuple[Integer | None, int | None, str]]:
    """Return for each value its format (None where the design has no such unit), default, and the unit's name."""
    requantize = params.requantize
    activates = params.activation != "none"
    return {
        "bias": (params.bias_format if params.bias else None, 0, "bias"),
        "multiplier": (params.multiplier_format if requantize else None, None, "requantize"),
        "shift": (params.shift_format if requantize else None, None, "requantize"),
        "zero_point": (params.requantized_format if requantize else None, 0, "requantize"),
        "activate": (Integer(1, is_signed=False) if activates else None, 1, "activation"),
    }


def _lanes(fmt: Integer, value: Any, lanes: int, thing: str) -> NDArray[np.int64]:
    """Check a scalar or ``(lanes,)`` array and return ``(lanes,)`` values."""
    array = fmt.check(value, thing)
    if array.ndim == 0:
        return np.full(lanes, int(array), dtype=np.int64)
    if array.shape != (lanes,):
        raise must(thing, f"be one number or have shape {(lanes,)}", array.shape)
    return array
