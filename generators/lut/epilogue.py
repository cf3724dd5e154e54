"""What follows the lookups, as beats: each group's scales and zero points, then addend and requantisation."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...errors import must
from ...hdl.formats import Format
from ...hdl.ports import Beats
from ..operands import Argument, per_lane, requantize_arguments
from .params import LutParams
from .tiling import Tiling, group_count

__all__ = ["ARGUMENTS", "Epilogue"]

IntArray = NDArray[np.int64]

ARGUMENTS = (
    "weight_zero",
    "weight_scale",
    "activation_scale",
    "bias",
    "accumulator",
    "multiplier",
    "shift",
    "zero_point",
    "activate",
)
"""Names of what an operation takes beside its operands."""


@dataclass(frozen=True)
class Epilogue:
    """Checked values of a product O[M,N] for the streams `scales` and `epilogue`; only those that the design has.

    Parameters
    ----------
    scales
        Of `weight_zero` and `weight_scale` ``(N, G)``, of `activation_scale` ``(M, G)``; G groups.
    channels
        Of `addend` (a bias), `multiplier` and `shift` ``(N,)``.
    matrix
        The `addend` ``(M, N)`` where it is a matrix.
    scalars
        Of `zero_point` and `activate` one number each.
    """

    scales: dict[str, IntArray]
    channels: dict[str, IntArray]
    matrix: IntArray | None
    scalars: dict[str, int]

    @classmethod
    def check(cls, params: LutParams, lead: tuple[int, ...], n: int, k: int, given: dict[str, Any]) -> "Epilogue":
        """Return the values for a product.

        Parameters
        ----------
        params
            The tile's parameters.
        lead
            Axes of the result before its channels; together they are M.
        n, k
            Sizes of the product.
        given
            Arguments by name, as `Lut.lower` describes them.

        Raises
        ------
        InputError
            Where a value is missing, out of range, of the wrong shape, or given to a design without that unit.
        """
        arguments = _arguments(params)
        values = {name: arguments[name].value(given, name, "LUT") for name in arguments}
        built = {name: (a.format, values[name]) for name, a in arguments.items() if a.format is not None}
        channels: dict[str, IntArray] = {
            "addend" if name == "bias" else name: per_lane(*built[name], n, f"LUT {name}")
            for name in ("bias", "multiplier", "shift")
            if name in built
        }
        matrix = _accumulator(*built["accumulator"], lead, n) if "accumulator" in built else None
        scalars: dict[str, int] = {
            name: int(per_lane(*built[name], 1, f"LUT {name}")[0])
            for name in ("zero_point", "activate")
            if name in built
        }
        return cls(_scales(params, lead, n, k, built), channels, matrix, scalars)

    def scale_stream(self, tiling: Tiling) -> Beats:
        """Return the beats of `scales`: for each tile, each of its groups, and each column segment."""
        params, groups = tiling.params, group_count(tiling.params, tiling.k)
        shape = (tiling.tiles_n, tiling.tiles_m, groups, params.column_segments)
        beats: Beats = {}
        for name, values in self.scales.items():
            of_rows = name == "activation_scale"
            count = tiling.tiles_m * params.m if of_rows else tiling.tiles_n * params.n
            padded = np.pad(values, ((0, count - len(values)), (0, 0)))
            if of_rows:
                lanes = padded.reshape(1, tiling.tiles_m, params.m, 1, groups).transpose(0, 1, 4, 3, 2)
            else:
                cut = padded.reshape(tiling.tiles_n, 1, params.column_segments, params.segment_cols, groups)
                lanes = cut.transpose(0, 1, 4, 2, 3)
            beats[name] = np.broadcast_to(lanes, (*shape, lanes.shape[-1])).reshape(-1, lanes.shape[-1])
        return beats

    def stream(self, tiling: Tiling) -> Beats:
        """Return the beats of `epilogue`: one for each beat of `o`."""
        params = tiling.params
        shape = (tiling.tiles_n, tiling.tiles_m, params.column_segments)
        beats: Beats = {}
        if self.matrix is not None:
            size = (tiling.tiles_m * params.m, tiling.tiles_n * params.n)
            padded = np.pad(
                self.matrix, [(0, whole - part) for whole, part in zip(size, self.matrix.shape, strict=True)]
            )
            cut = padded.reshape(tiling.tiles_m, params.m, tiling.tiles_n, params.column_segments, params.segment_cols)
            beats["addend"] = cut.transpose(2, 0, 3, 1, 4).reshape(-1, params.lanes)
        for name, values in self.channels.items():
            padded = np.pad(values, (0, tiling.tiles_n * params.n - len(values)))
            lanes = padded.reshape(tiling.tiles_n, 1, params.column_segments, params.segment_cols)
            beats[name] = np.broadcast_to(lanes, (*shape, params.segment_cols)).reshape(-1, params.segment_cols)
        count = int(np.prod(shape))
        return beats | {name: np.full((count, 1), value, dtype=np.int64) for name, value in self.scalars.items()}


def _arguments(params: LutParams) -> dict[str, Argument]:
    """Return every argument by name: its format where the design takes it, its default, and the unit it belongs to."""
    scale = params.scale_format if params.weight_scales or params.activation_scales else None

    def scaled(unit: str, built: bool) -> Argument:
        return Argument(scale if built else None, None, unit, f"the design was built with {unit}")

    addend = {name: params.addend_format if params.addend == name else None for name in ("bias", "matrix")}
    return {
        "weight_zero": Argument(params.weight_zero_format if params.zero_points else None, 0, "zero_points"),
        "weight_scale": scaled("weight_scales", params.weight_scales),
        "activation_scale": scaled("activation_scales", params.activation_scales),
        "bias": Argument(addend["bias"], 0, "addend=bias"),
        "accumulator": Argument(addend["matrix"], None, "addend=matrix", "the design was built with addend=matrix"),
        **requantize_arguments(params),
    }


Built = dict[str, tuple[Format, Any]]


def _scales(params: LutParams, lead: tuple[int, ...], n: int, k: int, built: Built) -> dict[str, IntArray]:
    """Return the values of every group, in the order of the stream's fields."""
    groups = group_count(params, k)
    m = int(np.prod(lead))
    scales = {}
    if "weight_zero" in built:
        scales["weight_zero"] = _grouped(*built["weight_zero"], "LUT weight_zero", [(n,), (n, groups)], n)
    if "weight_scale" in built:
        scales["weight_scale"] = _positive(*built["weight_scale"], "LUT weight_scale", [(n, groups)], n)
    if "activation_scale" in built:
        shapes = [(*lead, groups), (m, groups)]
        scales["activation_scale"] = _positive(*built["activation_scale"], "LUT activation_scale", shapes, m)
    return {name: np.broadcast_to(values, (len(values), groups)) for name, values in scales.items()}


def _grouped(fmt: Format, value: Any, thing: str, shapes: list[tuple[int, ...]], rows: int) -> IntArray:
    """Check one number or an array of one of the shapes; return ``(rows, G)`` or ``(rows, 1)`` values."""
    array = fmt.check(value, thing)
    if array.ndim == 0:
        return np.full((rows, 1), int(array), dtype=np.int64)
    if array.shape not in shapes:
        wanted = " or ".join(str(shape) for shape in dict.fromkeys(shapes))
        raise must(thing, f"be one number or have shape {wanted}", array.shape)
    return array.reshape(rows, -1)


def _positive(fmt: Format, value: Any, thing: str, shapes: list[tuple[int, ...]], rows: int) -> IntArray:
    """As `_grouped`, for scales: zero would wipe out a group."""
    scales = _grouped(fmt, value, thing, shapes, rows)
    if scales.min() < 1:
        raise must(thing, "be at least 1", int(scales.min()))
    return scales


def _accumulator(fmt: Format, value: Any, lead: tuple[int, ...], n: int) -> IntArray:
    """Check the matrix that is added and return it as ``(M, N)``."""
    array = fmt.check(value, "LUT accumulator")
    if array.shape != (*lead, n):
        raise must("LUT accumulator", f"have the result's shape {(*lead, n)}", array.shape)
    return array.reshape(-1, n)
