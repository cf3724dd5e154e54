"""Mutation scores of a small preset of every family: of some hundred faults, how many the verification finds.

Another count: ``python -m tests.benchmarks.bench_mutation 100 [PRESET ...]``.
"""

import sys
from collections.abc import Sequence

import typer

from rtloom.figures import Figure
from rtloom.verif.mutation.campaign import mutate

PRESETS = {
    "systolic-4x4-int8": 1000,
    "lut-small-w2a4": 400,
    "sparse-small": 400,
    "attention-small": 400,
    "vector-gelu": 400,
    "vector-rmsnorm": 400,
    "vector-softmax": 400,
}
"""Faults in each."""


def figures(presets: Sequence[str] = tuple(PRESETS), count: int | None = None) -> dict[str, Figure]:
    """Return all figures of this file.

    Parameters
    ----------
    presets
        Names of presets.
    count
        Faults in each; those of `PRESETS` if not given.
    """
    found: dict[str, Figure] = {}
    for name in presets:
        report = mutate(name, count or PRESETS[name])
        what = f"{len(report.verdicts)} faults in {name}"
        source = f"rtl-sim, Yosys mutate, seed {report.seed}, {report.trials} runs for a survivor"
        found[f"{what}, found"] = Figure(report.count("killed"), "faults", source)
        found[f"{what}, proven to change nothing"] = Figure(
            report.count("equivalent"), "faults", "induction and SAT, ABC"
        )
        found[f"{what}, left"] = Figure(len(report.survivors), "faults", source)
        found[f"{what}, score"] = Figure(100 * report.score, "%", "found of those not proven equal")
        found[f"{what}, time"] = Figure(sum(report.seconds), "s", "measured, builds and proofs included")
    return found


if __name__ == "__main__":
    for label, figure in figures(sys.argv[2:] or tuple(PRESETS), int(sys.argv[1])).items():
        typer.echo(f"{label}: {figure}")
