"""LUT tiles for tests: every preset with fewer rows and columns, and jobs on the compiled tile itself."""

from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

import rtloom
from rtloom.generators.design import Design, emit_design
from rtloom.generators.family import Job
from rtloom.generators.lut.family import LUT
from rtloom.generators.lut.params import LutParams
from rtloom.generators.spec import Spec, presets
from rtloom.sim.native import NativeModel
from rtloom.verif import goldens

__all__ = ["PRESETS", "Ran", "Tile", "compiled", "narrow", "spec_of"]

PRESETS = [name for name, preset in presets().items() if preset.family is LUT]
IntArray = NDArray[np.int64]


def narrow(name: str) -> Spec:
    """Return a preset with at most 2 rows and 4 columns, in two segments: built in a fraction of the time."""
    params = rtloom.load(name).params
    return rtloom.load(name, m=min(params.m, 2), n=min(params.n, 4), segments=2)


def spec_of(**params: Any) -> Spec:
    """Return a spec without a file."""
    return Spec("lut_test", LUT, LutParams.parse(params))


@dataclass(frozen=True)
class Ran:
    """A product of its arguments, its job and what the golden model says."""

    job: Job
    expected: IntArray


@dataclass(frozen=True)
class Tile:
    """A compiled tile."""

    spec: Spec
    design: Design
    model: NativeModel

    @property
    def params(self) -> LutParams:
        """The tile's parameters."""
        return self.spec.params

    def example(self, size: str, seed: int) -> Ran:
        """Lower an example."""
        operation, tensors = LUT.example(self.params, size, seed)
        return Ran(LUT.lower(self.params, operation, **tensors), goldens.compute(LUT, self.params, operation, tensors))


@cache
def compiled(name: str) -> Tile:
    """Return a narrow preset, compiled once for all tests."""
    spec = narrow(name)
    design = emit_design(spec)
    return Tile(spec, design, NativeModel(design.verilog, design.manifest))
