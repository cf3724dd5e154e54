"""What a job on a board cost: cycles that the board counted, and what went over the line."""

from dataclasses import dataclass
from typing import Any

from ..link.protocol import Counters
from .exchange import Statistics

__all__ = ["BoardReport"]


@dataclass(frozen=True)
class BoardReport:
    """What a job on a board cost.

    Parameters
    ----------
    design, operation, port
        What ran, and where.
    counters
        Cycles, as the board counted them: waits for the line are among them.
    formula_cycles
        What the family's exact formula says for the job where streams never wait.
    macs
        Useful multiply-accumulates; padding is not among them.
    seconds
        Wall-clock seconds of the job, from reset to the last answer.
    line
        What went over the line.
    """

    design: str
    operation: str
    port: str
    counters: Counters
    formula_cycles: int
    macs: int
    seconds: float
    line: Statistics

    @property
    def source(self) -> str:
        """Where the figures come from."""
        return f"board {self.port}"

    def to_dict(self) -> dict[str, Any]:
        """Return plain values, as ``--json`` prints them; each figure with its source."""
        cycles, line = self.counters, self.line
        return {
            "design": self.design,
            "operation": self.operation,
            "port": self.port,
            "cycles": {"value": cycles.cycles, "unit": "cycles", "source": self.source},
            "starved": {"value": cycles.starved, "unit": "cycles", "source": self.source},
            "stalled": {"value": cycles.stalled, "unit": "cycles", "source": self.source},
            "formula_cycles": {"value": self.formula_cycles, "unit": "cycles", "source": "exact"},
            "macs": {"value": self.macs, "unit": "MAC", "source": "exact"},
            "seconds": {"value": self.seconds, "unit": "s", "source": "measured"},
            "sent": {"value": line.sent, "unit": "B", "source": "measured"},
            "received": {"value": line.received, "unit": "B", "source": "measured"},
            "requests": line.requests,
            "repeats": line.repeats,
            "damaged": line.damaged,
        }

    def __str__(self) -> str:
        cycles, line = self.counters, self.line
        noise = f", {line.repeats} repeated, {line.damaged} damaged" if line.repeats or line.damaged else ""
        return (
            f"{self.design} {self.operation}: {self.macs} MACs in {cycles.cycles} cycles ({self.source}), of these "
            f"{cycles.starved} without input and {cycles.stalled} without room for output; {line.sent} bytes sent and "
            f"{line.received} received in {line.requests} requests{noise}; {self.seconds:.3f} s (measured)"
        )
