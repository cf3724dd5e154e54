"""How far the small design of each family is verified: cover points, proofs with depth and time, other engines."""

from rtloom.figures import Figure
from rtloom.generators.spec import load
from rtloom.verif.coverage.collect import LIMIT, collect
from rtloom.verif.differential.compare import compare
from rtloom.verif.formal.blocks import prove_blocks
from rtloom.verif.formal.design import prove
from rtloom.verif.formal.proof import SOURCES, ProofReport
from rtloom.verif.summary.assess import SMALL


def figures() -> dict[str, Figure]:
    """Return all figures of this file; a failed proof or a difference raises."""
    found: dict[str, Figure] = {}
    for name in SMALL:
        found |= {f"coverage of {name}, {what}": figure for what, figure in _coverage(name).items()}
    for name in SMALL:
        report = prove(load(name))
        found |= {f"proof of {name}, {what}": figure for what, figure in _proofs(report).items()}
    found |= {f"proof of blocks, {what}": figure for what, figure in _proofs(prove_blocks()).items()}
    for name in SMALL:
        found |= {f"{name} on other engines, {what}": figure for what, figure in _comparison(name).items()}
    return found


def _coverage(name: str) -> dict[str, Figure]:
    """Return how much the scenarios of the bench cover, with as many seeds as that needs."""
    report = collect(name, limit=LIMIT)
    found = {
        "points hit": Figure(report.score, "%", f"rtl-sim, {len(report.points)} points, runs equal to golden"),
        "seeds": Figure(len(report.seeds), "seeds", "exact"),
        "time": Figure(report.seconds, "s", "measured, simulator included"),
    }
    if report.structure is not None:
        found |= {what: report.structure.figures[what] for what in ("lines", "branches", "toggles")}
    return found


def _proofs(report: ProofReport) -> dict[str, Figure]:
    """Return each proof: cycles of a bounded one, of the cover and the time."""
    found = {}
    for proof in report.proofs:
        found[f"{proof.name}, {proof.status}, {proof.how}"] = Figure(proof.seconds, "s", SOURCES[proof.method])
        if proof.cover is not None:
            found[f"{proof.name}, covered after"] = Figure(proof.cover, "cycles", SOURCES["trace"])
    return found


def _comparison(name: str) -> dict[str, Figure]:
    """Return what ran on Verilator, Icarus and the netlist, which must agree."""
    report = compare(name).require()
    engines = ", ".join(engine.name for engine in report.engines)
    return {
        "runs that agree": Figure(report.runs, "runs", f"{engines}, and the golden model"),
        "beats compared": Figure(report.beats, "beats", "rtl-sim"),
        "time": Figure(report.seconds, "s", "measured"),
    }
