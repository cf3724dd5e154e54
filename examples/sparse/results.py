"""What the demo found: every figure with its unit and where it comes from."""

from collections.abc import Sequence
from typing import Any

import rtloom
from rtloom.figures import Figure

from ..digits.results import network_results
from .designs import SparseDesign
from .feed_forward import Missing
from .feed_forward_results import FeedForwardRuns, collect_feed_forward
from .memory import bits_of, memory_results, speedup
from .networks import NetworkRun, Study
from .tables import show

__all__ = ["collect", "show"]


def collect(
    spec: str,
    clock: float,
    designs: Sequence[SparseDesign],
    studies: Sequence[Study],
    feed_forward: FeedForwardRuns | Missing,
) -> dict[str, Any]:
    """Return the results as JSON holds them.

    Parameters
    ----------
    spec
        Name of the design that those of the networks come from.
    clock
        Assumed frequency in Hz.
    designs, studies
        The designs, and what came of each network on them.
    feed_forward
        What came of the transformer, or why there is none.
    """
    return {
        "rtloom": rtloom.__version__,
        "spec": spec,
        "images": len(studies[0].runs[0].outcome.labels),
        "clock": Figure(clock, "Hz", "assumed").to_dict(),
        "multipliers": Figure(designs[0].spec.family.peak(designs[0].params), "multipliers", "exact").to_dict(),
        "designs": {design.spec.name: design.params.to_dict() for design in designs},
        "networks": {study.network.name: _network(study, clock) for study in studies},
        "feed_forward": collect_feed_forward(feed_forward),
    }


def _network(study: Study, clock: float) -> dict[str, Any]:
    """Return a network's results; its runs by design, the dense one of each first."""
    first = study.runs[0].outcome
    dense = {run.design.spec.name: run for run in reversed(study.runs) if run.pattern.title == "dense"}
    patterns = {}
    for run in study.runs:
        if run.pattern in study.unretrained:
            float_source, seen = "float32 NumPy, pruned without further training", study.unretrained[run.pattern]
            patterns[run.pattern.title] = {
                "pruned": first.accuracy(seen, float_source),
                "retrained": first.accuracy(run.outcome.seen, "float32 NumPy, pruned and trained on"),
            }
    return {
        "title": study.network.title,
        "float": first.accuracy(first.seen, "float32 NumPy"),
        "patterns": patterns,
        "runs": [_run(run, dense[run.design.spec.name], clock) for run in study.runs],
    }


def _run(run: NetworkRun, dense: NetworkRun, clock: float) -> dict[str, Any]:
    """Return the results of one form of a network, and what they are of those of the dense one on the same design."""
    found = network_results(run.outcome, clock)
    layers = zip(found["layers"], run.memory, dense.outcome.execution.layers, strict=True)
    for layer, memory, before in layers:
        layer["memory"] = memory_results([memory])
        layer["speedup"] = speedup(before.report.cycles, layer["cycles"]["value"])
    return {
        "pattern": run.pattern.title,
        "weights": f"int{run.design.bits}",
        "block": run.design.params.block,
        "design": run.design.spec.name,
        **{key: value for key, value in found.items() if key != "title"},
        "validation": Figure(100 * run.validation, "%", "golden model, validation images").to_dict(),
        "speedup": speedup(dense.outcome.execution.cycles, run.outcome.execution.cycles),
        "memory": memory_results(run.memory),
        "streamed": Figure(_streamed(run), "bit", "exact").to_dict(),
        "memory_of_dense": Figure(100 * bits_of(run.memory) / bits_of(dense.memory), "%", "exact").to_dict(),
    }


def _streamed(run: NetworkRun) -> float:
    """Return the bits of weights that one image took as it ran: each tile of rows of A reads all of a layer's."""
    bits = 0
    layers = zip(run.outcome.network.layers, run.outcome.execution.layers, run.memory, strict=True)
    for layer, done, memory in layers:
        passes = -(-done.outputs // (layer.outputs * run.design.params.rows))
        bits += passes * bits_of([memory])
    return bits / len(run.outcome.labels)
