"""All that the demo does with an encoder: heads and layer 0 in Verilog, every layer by golden models."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

import rtloom

from ..builds import Builds
from ..packages import require
from ..transformer.encoder import LayerTrace, run_layer
from .designs import Designs
from .execute import StageRun, golden_layer, run_layer_rtl
from .heads import HeadMap, HeadOperands, HeadsRun, map_head, run_heads, typical_head
from .layer import STAGES, IntegerLayer
from .steps import Steps
from .subject import Batch, Subject

__all__ = ["LayerStudy", "Study", "cosine", "steps_of"]

Reals = NDArray[np.float64]


@dataclass(frozen=True)
class LayerStudy:
    """Layer 0 in Verilog.

    Parameters
    ----------
    layer
        Its integer form.
    batch, trace
        What was run, and what went through the float layer then.
    runs
        Its stages.
    """

    layer: IntegerLayer
    batch: Batch
    trace: LayerTrace
    runs: Sequence[StageRun]


@dataclass(frozen=True)
class Study:
    """What came of an encoder.

    Parameters
    ----------
    subject
        What was encoded by what.
    heads, head_map
        Layer 0's heads on the engine, and the shares of one of them.
    first
        Layer 0.
    each
        For each layer the cosine of its integer form's output with the float one's, both of the same float input.
    float_output, output
        ``(T, width)``: what leaves the last layer in float, and of integers from the first layer on.
    """

    subject: Subject
    heads: HeadsRun
    head_map: HeadMap
    first: LayerStudy
    each: tuple[float, ...]
    float_output: Reals
    output: Reals

    @classmethod
    def make(
        cls, subject: Subject, designs: Designs, builds: Builds, rtl: int | None, step: Callable[[str], object]
    ) -> "Study":
        """Do it all.

        Parameters
        ----------
        subject
            What is encoded by what.
        designs, builds
            What it runs on, and what makes simulators of that.
        rtl
            How many sequences go through Verilog; None for all.
        step
            Called with what begins.

        Raises
        ------
        CheckError
            Where Verilog and golden model differ.
        """
        workbench = _Workbench(subject, designs, builds, step)
        # One thread: sums have one order, and simulators are built at the same time.
        with require("threadpoolctl").threadpool_limits(1):
            layers, traces = workbench.calibrate()
            each, output = workbench.golden(layers, traces)
            heads = HeadOperands.of(traces[0], subject.weights.heads, subject.measured.lengths)
            runs = workbench.heads(heads)
            first = workbench.rtl(layers[0], subject.measured.first(rtl))
        last = traces[-1].output.astype(np.float64)
        return cls(subject, *runs, first, each, last, output)


def steps_of(subject: Subject) -> int:
    """Return how often `Study.make` tells of something that begins."""
    return subject.layers + 3 + len(STAGES)


class _Workbench:
    """What every part of a study needs."""

    def __init__(self, subject: Subject, designs: Designs, builds: Builds, step: Callable[[str], object]) -> None:
        self.subject, self.designs, self.builds, self.step = subject, designs, builds, step

    def calibrate(self) -> tuple[list[IntegerLayer], list[LayerTrace]]:
        """Run the float encoder; return integer layers, and what went through the float ones for what is measured."""
        self.step("float encoder")
        weights, layers, traces = self.subject.weights, [], []
        shown, measured = self.subject.shown, self.subject.measured
        ranges, hidden = shown.hidden, measured.hidden
        for layer in range(self.subject.layers):
            seen = run_layer(weights, layer, ranges, shown.lengths)
            traces.append(run_layer(weights, layer, hidden, measured.lengths))
            steps = Steps.calibrate(seen, weights.heads)
            layers.append(IntegerLayer(weights, layer, steps, self.designs))
            ranges, hidden = seen.output, traces[-1].output
        return layers, traces

    def golden(self, layers: Sequence[IntegerLayer], traces: Sequence[LayerTrace]) -> tuple[tuple[float, ...], Reals]:
        """Return cosines of single layers, and what leaves the last when integers go through all."""
        each, values = [], layers[0].enter(traces[0].hidden)
        lengths, output = self.subject.measured.lengths, np.zeros(0)
        for at, (layer, trace) in enumerate(zip(layers, traces, strict=True)):
            self.step(f"layer {at} by golden models")
            alone = golden_layer(layer, layer.enter(trace.hidden), lengths)["output"]
            each.append(cosine(layer.real("output", alone), trace.output))
            # Leaving integers have the steps of those that enter the next layer.
            values = alone if at == 0 else golden_layer(layer, values, lengths)["output"]
            output = layer.real("output", values)
        return tuple(each), output

    def heads(self, operands: HeadOperands) -> tuple[HeadsRun, HeadMap]:
        """Run all heads of all sequences, and one with marks for values."""
        self.step("heads of layer 0 on the engine")
        spec = self.designs.heads
        self.builds.wait(spec)
        run = run_heads(spec, operands)
        self.step("shares of a head from the engine")
        return run, map_head(spec, operands, typical_head(operands))

    def rtl(self, layer: IntegerLayer, batch: Batch) -> LayerStudy:
        """Run layer 0 in Verilog."""
        trace = run_layer(self.subject.weights, 0, batch.hidden, batch.lengths)

        def begin(name: str, spec: rtloom.Spec) -> None:
            self.step(f"layer 0: {name.replace('_', ' ')} in Verilog")
            self.builds.wait(spec)

        runs = run_layer_rtl(
            layer, layer.enter(trace.hidden), batch.lengths, lambda stage: begin(stage.name, stage.spec)
        )
        return LayerStudy(layer, batch, trace, runs)


def cosine(found: NDArray[Any], expected: NDArray[Any]) -> float:
    """Return the cosine of the angle between two arrays."""
    lengths = float(np.linalg.norm(found) * np.linalg.norm(expected)) or 1.0
    return float(np.vdot(found, expected)) / lengths
