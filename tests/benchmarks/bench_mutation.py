"""Mutation scores: of a thousand faults in the smallest preset of each family, how many the verification finds."""

from rtloom.errors import CheckError
from rtloom.figures import Figure
from rtloom.verif.mutation.campaign import mutate

PRESETS = ("systolic-4x4-int8", "lut-small-w2a4", "sparse-small", "attention-small", "vector-gelu")
COUNT = 1000
LEAST = 0.98
"""Score of every preset."""


def figures() -> dict[str, Figure]:
    """Return all figures of this file; a preset below the least score raises, with its survivors."""
    found: dict[str, Figure] = {}
    for name in PRESETS:
        report = mutate(name, COUNT)
        if report.score < LEAST:
            survivors = "; ".join(f"{verdict.fault} ({verdict.source})" for verdict in report.survivors)
            raise CheckError(f"{report} must be at least {LEAST:.0%}; {survivors}")
        what = f"{len(report.verdicts)} faults in {name}"
        source = f"rtl-sim, Yosys mutate, seed {report.seed}, {report.trials} runs for a survivor"
        found[f"{what}, found"] = Figure(report.count("killed"), "faults", source)
        found[f"{what}, proven to change nothing"] = Figure(
            report.count("equivalent"), "faults", "SAT and induction, Yosys"
        )
        found[f"{what}, left"] = Figure(len(report.survivors), "faults", source)
        found[f"{what}, score"] = Figure(100 * report.score, "%", "found of those not proven equal")
        found[f"{what}, time"] = Figure(sum(report.seconds), "s", "measured, builds and proofs included")
    return found
