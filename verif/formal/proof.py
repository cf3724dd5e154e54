"""What was proven, how, how far, and what was not: one record for each proof, and the report of a design."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args

from ...figures import Figure

__all__ = ["Method", "Proof", "ProofReport", "Status"]

Status = Literal["proven", "bounded", "failed", "not finished"]
STATUSES: tuple[Status, ...] = get_args(Status)
Method = Literal["induction", "bounded", "SAT", "structural", "trace", "interval arithmetic"]

SOURCES: dict[Method, str] = {
    "induction": "Yosys, ABC scorr and pdr",
    "bounded": "Yosys, ABC bmc3",
    "SAT": "Yosys, ABC bmc3 from any state, or z3",
    "structural": "Yosys, cones of gates",
    "trace": "Yosys, ABC bmc3, trace simulated by Yosys",
    "interval arithmetic": "exact",
}
"""What stands behind each method."""


@dataclass(frozen=True)
class Proof:
    """One claim and what came of it.

    Parameters
    ----------
    name
        Short name, for `--only`.
    claim
        What is claimed, one sentence.
    method
        How it was settled.
    status
        ``proven`` without limit; ``bounded``: no counterexample within `depth` cycles of reset; ``failed``;
        ``not finished``: neither within the time.
    depth
        Cycles: of a bounded search, of a counterexample, of a proof that looks at so many; None where it has none.
    cover
        Cycles after which a trace, simulated, reaches what the claim is about; None where there is nothing to reach.
    seconds
        Time that it took.
    trace
        Waveform of the counterexample.
    note
        What limits or explains it, one line.
    """

    name: str
    claim: str
    method: Method
    status: Status
    depth: int | None = None
    cover: int | None = None
    seconds: float = 0.0
    trace: str | None = None
    note: str = ""

    @property
    def how(self) -> str:
        """Method and depth in words, for a table."""
        if self.status == "bounded":
            return f"bounded to {self.depth} cycles"
        if self.status == "failed" and self.depth:
            return f"counterexample of {self.depth} cycles"
        if self.status == "not finished":
            return f"{self.method}, {self.depth or 0} cycles searched"
        return self.method

    def to_dict(self) -> dict[str, Any]:
        """Return plain values, figures with their source."""

        def cycles(value: int | None, source: str) -> dict[str, object] | None:
            return None if value is None else Figure(value, "cycles", source).to_dict()

        return {
            "name": self.name,
            "claim": self.claim,
            "method": self.method,
            "how": self.how,
            "status": self.status,
            "depth": cycles(self.depth, SOURCES[self.method]),
            "cover": cycles(self.cover, SOURCES["trace"]),
            "seconds": Figure(round(self.seconds, 3), "s", "measured").to_dict(),
            "trace": self.trace,
            "note": self.note,
        }

    def __str__(self) -> str:
        cover = "" if self.cover is None else f", covered after {self.cover} cycles"
        note = f" ({self.note})" if self.note else ""
        return f"{self.name}: {self.status}, {self.how}{cover}: {self.claim}{note}"


@dataclass(frozen=True)
class ProofReport:
    """All proofs of a design, or of the blocks.

    Parameters
    ----------
    design
        Its name, or ``blocks``.
    digest
        Identifies its parameters; empty for the blocks.
    proofs
        In the order in which they were tried.
    """

    design: str
    digest: str
    proofs: tuple[Proof, ...]

    def count(self, status: Status) -> int:
        """Return how many proofs ended so."""
        return sum(proof.status == status for proof in self.proofs)

    @property
    def passed(self) -> bool:
        """Whether none failed; what is bounded or not finished has not."""
        return not self.count("failed")

    @property
    def failures(self) -> Sequence[Proof]:
        """The claims that do not hold."""
        return [proof for proof in self.proofs if proof.status == "failed"]

    @property
    def seconds(self) -> float:
        """Time of all proofs together."""
        return sum(proof.seconds for proof in self.proofs)

    def to_dict(self) -> dict[str, Any]:
        """Return plain values, as ``--json`` prints them."""
        return {
            "report": "proof",
            "design": self.design,
            "digest": self.digest,
            "passed": self.passed,
            "counts": {status: Figure(self.count(status), "proofs", "exact").to_dict() for status in STATUSES},
            "seconds": Figure(round(self.seconds, 3), "s", "measured").to_dict(),
            "proofs": [proof.to_dict() for proof in self.proofs],
        }

    def __str__(self) -> str:
        counts = ", ".join(f"{self.count(status)} {status}" for status in STATUSES if self.count(status))
        return f"{self.design}: {counts or 'no proofs'} in {self.seconds:.1f} s"
