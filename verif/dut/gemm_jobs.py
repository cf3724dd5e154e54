"""Jobs of a matrix unit of other hands besides its examples: extremes, whole tiles, long sums."""

from typing import ClassVar

import numpy as np

from ...errors import InputError
from ..families.base import Axes, Bench, FamilyJobs, Operation, Parameters
from ..stimulus import DATA_PATTERNS
from .gemm_kind import GemmKind
from .gemm_tiles import GemmTiles

__all__ = ["GemmJobs"]


class GemmJobs(FamilyJobs[GemmTiles]):
    """What the bench runs on a matrix unit.

    Parameters
    ----------
    family
        Made from its manifest.
    """

    name = "gemm"
    params = GemmTiles
    jobs = ("small", "ragged", "tiles", "deep")
    hardware: ClassVar[Axes] = {}
    matrix_jobs = jobs
    matrix_data = tuple(DATA_PATTERNS)
    bench: ClassVar[Bench] = {
        **{data: ("ragged", data) for data in ("minimum", "maximum", "alternating")},
        "lanes": ("ragged", "one_hot"),
        "tiles": ("tiles", "random"),
        "deep": ("deep", "random"),
    }

    def __init__(self, family: GemmKind) -> None:
        self.family = family

    def tensors(self, params: GemmTiles, job: str, data: str, seed: int, /) -> Operation:
        """Return operands of the size and the data that the names stand for."""
        return self.family.operands(params, job, data, seed)

    def draw(self, rng: np.random.Generator) -> Parameters:
        """Refuse: a manifest describes one design.

        Raises
        ------
        InputError
            Always.
        """
        raise InputError(f"Kind gemm must be described by a manifest, not drawn with {type(rng).__name__}")
