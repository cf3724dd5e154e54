"""An integer layer run by golden models, or by Verilog beside them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

import rtloom
from rtloom.verif import goldens

from .layer import IntegerLayer, Stage, Values

__all__ = ["StageRun", "golden_layer", "golden_stage", "run_layer_rtl"]

IntArray = NDArray[np.int64]


@dataclass(frozen=True)
class StageRun:
    """One stage in Verilog.

    Parameters
    ----------
    stage
        Which.
    report
        What the simulation cost.
    result
        What it gave.
    equal
        How many of the values are those of the golden models, which went their own way from what entered the layer.
    """

    stage: Stage
    report: rtloom.Report
    result: IntArray
    equal: int


def golden_stage(stage: Stage, values: Values) -> IntArray:
    """Return a stage's result by its golden model."""
    return stage.lift(goldens.compute(stage.spec.family, stage.spec.params, stage.operation, stage.tensors(values)))


def golden_layer(layer: IntegerLayer, hidden: IntArray, lengths: Sequence[int]) -> dict[str, IntArray]:
    """Return ``hidden`` and every stage's result, by name.

    Parameters
    ----------
    layer
        The layer.
    hidden
        ``(T, width)``: what enters, int8.
    lengths
        Tokens of each sentence.
    """
    values = {"hidden": hidden}
    for stage in layer.stages(lengths):
        values[stage.name] = golden_stage(stage, values)
    return values


def run_layer_rtl(
    layer: IntegerLayer, hidden: IntArray, lengths: Sequence[int], begin: Callable[[Stage], object]
) -> list[StageRun]:
    """Run every stage in Verilog, each on what the one before it gave; arguments as of `golden_layer`.

    Parameters
    ----------
    begin
        Called with each stage before it runs.

    Raises
    ------
    CheckError
        Where Verilog and golden model differ, in values or cycles.
    """
    expected = golden_layer(layer, hidden, lengths)
    values, runs = {"hidden": hidden}, []
    for stage in layer.stages(lengths):
        begin(stage)
        raw, report = rtloom.simulate(stage.spec, stage.operation, check=True, **stage.tensors(values))
        values[stage.name] = stage.lift(raw)
        equal = int(np.count_nonzero(values[stage.name] == expected[stage.name]))
        runs.append(StageRun(stage, report, values[stage.name], equal))
    return runs
