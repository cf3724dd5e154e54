"""Mutation scores: of a thousand faults in a small preset, how many the verification finds."""

from rtloom.figures import Figure
from rtloom.verif.mutation.campaign import mutate

PRESETS = ("systolic-4x4-int8", "lut-small-w2a4", "sparse-small")
COUNT = 1000


def figures() -> dict[str, Figure]:
    """Return all figures of this file."""
    found: dict[str, Figure] = {}
    for name in PRESETS:
        report = mutate(name, COUNT)
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
