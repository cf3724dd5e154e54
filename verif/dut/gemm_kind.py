"""A product of two matrices as a family of one design: ports and walks come from a manifest, the rest from here."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NoReturn

import numpy as np
from numpy.typing import NDArray

from ...errors import InputError, must
from ...generators.family import Family, Job
from ...hdl.ports import Beats, StreamPort
from ..stimulus import rng_for, values
from .gemm_tiles import AXES_OF, GemmTiles
from .gemm_walk import Steps, steps

if TYPE_CHECKING:
    from amaranth.lib import wiring

__all__ = ["GemmKind", "Lowered"]

IntArray = NDArray[np.int64]
DEEP = 1024
"""Products of the longest sum in a job."""
FEW = 5
"""Size of an axis without tiles in a small job."""


class Lowered(dict[str, Beats]):
    """Beats of the inputs that know the sizes of their product, and the walk of its result."""

    def __init__(self, beats: Mapping[str, Beats], sizes: Mapping[str, int], result: Steps) -> None:
        super().__init__(beats)
        self.sizes = dict(sizes)
        self.result = result


class GemmKind(Family[GemmTiles]):
    """A matrix unit that is known by its streams alone.

    Parameters
    ----------
    streams
        The port of ``a``, ``b`` and ``c``.
    """

    name = "gemm"
    summary = "a matrix unit of other hands, described by its manifest"
    params = GemmTiles
    golden_module = "rtloom.verif.dut.gemm_golden"
    operations = ("gemm",)

    def __init__(self, streams: Mapping[str, StreamPort]) -> None:
        self.streams = dict(streams)

    def component(self, params: GemmTiles) -> "wiring.Component":
        """Refuse: there is no hardware of rtloom's."""
        self._refuse(params)

    def _refuse(self, _: GemmTiles) -> NoReturn:
        raise InputError("Kind gemm must be given Verilog; rtloom makes none from a manifest")

    def ports(self, params: GemmTiles) -> tuple[StreamPort, ...]:
        """Return the streams of the manifest."""
        del params  # the manifest has them
        return tuple(self.streams.values())

    def lower(self, params: GemmTiles, operation: str, **tensors: Any) -> Job:
        """Cut the operands ``a`` (m, k) and ``b`` (k, n) into beats, padding being 0."""
        if operation not in self.operations:
            raise must("Gemm operation", "be gemm", operation)
        a, b = (np.asarray(tensors[name], dtype=np.int64) for name in ("a", "b"))
        sizes = {"m": a.shape[0], "k": a.shape[1], "n": b.shape[1]}
        beats = {self.streams[name].name: self._beats(params, name, data, sizes) for name, data in (("a", a), ("b", b))}
        result = steps(params, "c", sizes)
        counted = {self.streams["c"].name: len(result.real)}
        return Job(Lowered(beats, sizes, result), counted, sizes["m"] * sizes["n"] * sizes["k"], result)

    def _beats(self, params: GemmTiles, matrix: str, data: IntArray, sizes: Mapping[str, int]) -> Beats:
        """Return the beats of an operand."""
        port, walked = self.streams[matrix], steps(params, matrix, sizes)
        field = port.fields[0]
        rows, columns = (np.where(walked.real, walked.place[axis], 0) for axis in AXES_OF[matrix])
        nothing = int(field.format.clip(np.zeros(1, dtype=np.int64))[0])
        beats: Beats = {field.name: np.where(walked.real, data[rows, columns], nothing)}
        return beats | ({"last": walked.last} if port.last else {})

    def lift(self, params: GemmTiles, job: Job, outputs: Mapping[str, Beats]) -> NDArray[Any]:
        """Put the beats of C together to (m, n), or to (k tiles, m, n) where they are partial sums."""
        port, walked, sizes = self.streams["c"], job.plan, job.inputs.sizes  # type: ignore[attr-defined]
        tiles = int(walked.place["k_tile"].max()) + 1 if params.partial else 1
        result = np.zeros((tiles, sizes["m"], sizes["n"]), dtype=np.int64)
        real = walked.real
        tile = walked.place["k_tile"][real] if params.partial else 0
        result[tile, walked.place["m"][real], walked.place["n"][real]] = outputs[port.name][port.fields[0].name][real]
        return result if params.partial else result[0]

    def cycles(self, params: GemmTiles, job: Job) -> int:
        """Return the beats of the longest input and of the output: a measure of patience, no formula."""
        del params  # the beats say it
        longest = max(len(next(iter(beats.values()))) for beats in job.inputs.values())
        return longest + sum(job.outputs.values())

    def peak(self, params: GemmTiles) -> float:
        """Return the products of one beat of each operand."""
        return float(params.lanes("a") * params.lanes("b"))

    def describe_timing(self, params: GemmTiles) -> dict[str, Any]:
        """Say that nothing is known."""
        del params
        return {"source": "none", "cycles": "not known for a design of other hands"}

    def example(self, params: GemmTiles, size: str, seed: int) -> tuple[str, dict[str, Any]]:
        """Return operands: ``small``: one tile; ``ragged``: several, none full at the edges; ``corner``: extremes."""
        pattern = {"small": "random", "ragged": "random", "corner": "corners"}
        if size not in pattern:
            raise must("Example size", f"be {', '.join(pattern)}", size)
        return self.operands(params, "small" if size == "small" else "ragged", pattern[size], seed)

    def operands(self, params: GemmTiles, size: str, data: str, seed: int) -> tuple[str, dict[str, Any]]:
        """Return operands of a size (``small``, ``ragged``, ``tiles`` or ``deep``) with a data pattern."""
        rng = rng_for(seed, size, data)
        m, n, k = (self.size(params, axis, size) for axis in ("m", "n", "k"))
        form = {name: self.streams[name].fields[0].format for name in ("a", "b")}
        return "gemm", {"a": values(data, form["a"], (m, k), rng), "b": values(data, form["b"], (k, n), rng)}

    def size(self, params: GemmTiles, axis: str, size: str) -> int:
        """Return how large an axis is in a job of that size."""
        tile = params.tile(axis)
        whole = FEW if tile is None else tile
        wanted = {
            "small": whole,
            "tiles": 2 * whole,
            "ragged": 2 * whole + max(whole // 2, 1) if whole > 1 else 3,
            "deep": DEEP if axis == "k" else whole,
        }[size]
        limit = params.most(axis)
        return max(wanted if limit is None else min(wanted, limit), 1)
