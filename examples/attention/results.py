"""What the demo found: every figure with its unit and where it comes from."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

import rtloom
from rtloom.figures import Figure

from .designs import Designs
from .execute import StageRun
from .heads import HeadsRun
from .layer import HEAD_ROLES
from .study import LayerStudy, Study, cosine
from .subject import DigitsSubject, SentenceSubject
from .tables import show

__all__ = ["collect", "cosines_of", "show"]

FLOAT = "float64 NumPy"
AGAINST = "rtl-sim against float NumPy"
GOLDEN = "golden models"
Reals = NDArray[np.float64]


def collect(spec: str, clock: float, designs: Designs, study: Study) -> dict[str, Any]:
    """Return the results as JSON holds them.

    Parameters
    ----------
    spec
        Name of the design that the engine comes from.
    clock
        Assumed frequency in Hz.
    designs
        What the stages ran on.
    study
        What came of them.
    """
    subject = study.subject
    return {
        "rtloom": rtloom.__version__,
        "spec": spec,
        "model": subject.title,
        "missing": subject.missing if isinstance(subject, DigitsSubject) else None,
        "sequences": len(subject.measured.lengths),
        "tokens": subject.measured.tokens,
        "layers": subject.layers,
        "clock": Figure(clock, "Hz", "assumed").to_dict(),
        "designs": {design.name: design.params.to_dict() for design in designs.all},
        "heads": _heads(designs.heads, study.heads),
        "layer": _layer(study.first, clock),
        "each_layer": [Figure(value, "1", f"{GOLDEN} against float").to_dict() for value in study.each],
        **_meaning(study),
    }


def _heads(spec: rtloom.Spec, run: HeadsRun) -> dict[str, Any]:
    """Return what came of the heads.

    Errors against ``float`` attention of the real operands are in units of V; those against float attention of the
    ``quantized`` ones, the engine's own, in % of the range of V.
    """
    report = run.report
    against = f"{AGAINST} of the quantised operands"
    own = 100 * np.abs(run.real - run.quantized) / run.ranges[..., np.newaxis]
    return {
        "spec": spec.name,
        "outputs": _count(run.result.size),
        "equal": _count(run.equal),
        "cycles": Figure(report.cycles, "cycles", "rtl-sim").to_dict(),
        "formula_cycles": Figure(report.formula_cycles, "cycles", "exact").to_dict(),
        "useful": Figure(run.useful, "MAC", "exact").to_dict(),
        "utilisation": Figure(100 * run.useful / (report.cycles * report.peak), "%", "rtl-sim").to_dict(),
        "largest_own_error": Figure(float(own.max()), "%", against).to_dict(),
        "rms_own_error": Figure(_rms(own), "%", against).to_dict(),
        "heads": [_head(run.real[:, head], run.exact[:, head]) for head in range(run.real.shape[1])],
    }


def _head(real: Reals, exact: Reals) -> dict[str, Any]:
    """Return how near one head comes to float."""
    return {
        "largest_error": Figure(float(np.abs(real - exact).max()), "1", AGAINST).to_dict(),
        "rms_error": Figure(_rms(real - exact), "1", AGAINST).to_dict(),
        "rms": Figure(_rms(exact), "1", FLOAT).to_dict(),
        "cosine": Figure(cosine(real, exact), "1", AGAINST).to_dict(),
    }


def _layer(first: LayerStudy, clock: float) -> dict[str, Any]:
    """Return what came of layer 0 in Verilog; one stage after the other on the hardware, too."""
    cycles = sum(run.report.cycles for run in first.runs)
    outputs, equal = (sum(counts) for counts in zip(*((run.result.size, run.equal) for run in first.runs), strict=True))
    lengths = np.array(first.batch.lengths)
    output = first.layer.real("output", first.runs[-1].result)
    parts = [np.split(each, np.cumsum(lengths)[:-1]) for each in (output, first.trace.output)]
    cosines = [cosine(*pair) for pair in zip(*parts, strict=True)]
    return {
        "sequences": len(lengths),
        "tokens": first.batch.tokens,
        "outputs": _count(outputs),
        "equal": _count(equal),
        "cycles": Figure(cycles, "cycles", "rtl-sim").to_dict(),
        "tokens_per_second": Figure(
            clock * first.batch.tokens / cycles, "tokens/s", "rtl-sim cycles at the assumed clock"
        ).to_dict(),
        "cosine": Figure(cosine(output, first.trace.output), "1", AGAINST).to_dict(),
        "least_cosine": Figure(min(cosines), "1", f"{AGAINST}, the sequence farthest from it").to_dict(),
        "stages": [_stage(first, run) for run in first.runs],
    }


def _stage(first: LayerStudy, run: StageRun) -> dict[str, Any]:
    """Return what came of one stage."""
    name, report = run.stage.name, run.report
    expected = first.layer.expected(name, first.trace)
    useful = report.macs
    if name in {"attention_sum", "output_sum"}:
        # Of what turning a pair gives, one half is wanted.
        useful //= 2
    if name == "context":
        # Rows of padding take cycles and are of no use.
        each = expected.shape[1] // first.layer.heads
        useful = sum(length**2 for length in first.batch.lengths) * first.layer.heads * 2 * each
    return {
        "name": name,
        "operation": report.operation,
        "design": run.stage.spec.name,
        "cycles": Figure(report.cycles, "cycles", "rtl-sim").to_dict(),
        "formula_cycles": Figure(report.formula_cycles, "cycles", "exact").to_dict(),
        "utilisation": Figure(100 * useful / (report.cycles * report.peak), "%", "rtl-sim").to_dict(),
        "format": "int8" if name in {*HEAD_ROLES, "context", "attended", "inner", "output"} else "int16",
        "outputs": _count(run.result.size),
        "equal": _count(run.equal),
        "cosine": Figure(cosine(first.layer.real(name, run.result), expected), "1", AGAINST).to_dict(),
    }


def _meaning(study: Study) -> dict[str, Any]:
    """Return what the whole encoder is for: how alike sentences are, or which digits are seen."""
    subject, batch = study.subject, study.subject.measured
    pooled = [batch.pool(each) for each in (study.float_output, study.output)]
    if isinstance(subject, SentenceSubject):
        return {"similarity": _similarity(subject, *pooled)}
    if not isinstance(subject, DigitsSubject):
        return {}
    as_float, integers = (100 * float(np.mean(subject.encoder.read(each) == subject.labels)) for each in pooled)
    return {
        "accuracy": {
            "float": Figure(as_float, "%", "float32 NumPy").to_dict(),
            "golden": Figure(integers, "%", GOLDEN).to_dict(),
        }
    }


def _similarity(subject: SentenceSubject, exact: Reals, found: Reals) -> dict[str, Any]:
    """Return cosines between sentences: of pairs of like meaning, of pairs of others, and how far all are off."""
    as_float, integers = (cosines_of(each) for each in (exact, found))
    count = len(subject.sentences)
    off = (integers - as_float)[np.triu_indices(count, 1)]
    chosen = [(at, at + 1) for at in range(0, count, 2)] + [(at, (at + 3) % count) for at in range(0, count, 2)]
    source = f"{GOLDEN} of all layers"
    return {
        "pairs": [
            {
                "first": subject.sentences[a],
                "second": subject.sentences[b],
                "float": Figure(float(as_float[a, b]), "1", "float32 NumPy").to_dict(),
                "integers": Figure(float(integers[a, b]), "1", source).to_dict(),
            }
            for a, b in chosen
        ],
        "largest_error": Figure(float(np.abs(off).max()), "1", f"{source} against float").to_dict(),
        "rms_error": Figure(_rms(off), "1", f"{source} against float").to_dict(),
        "compared": Figure(len(off), "pairs", "exact").to_dict(),
    }


def cosines_of(vectors: NDArray[Any]) -> Reals:
    """Return the cosines of all pairs of rows."""
    unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    cosines: Reals = unit @ unit.T
    return cosines


def _rms(x: Reals) -> float:
    return float(np.sqrt(np.mean(x * x)))


def _count(values: int) -> dict[str, object]:
    return Figure(values, "values", "rtl-sim").to_dict()
