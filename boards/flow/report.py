"""What a bitstream takes, how fast it is and why not faster, each figure with its source."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ...figures import Figure
from ..board import Board
from .clock import Closed
from .power import power
from .predict import predicted_fmax

__all__ = ["BitstreamReport", "make_report"]


@dataclass(frozen=True)
class BitstreamReport:
    """Result of `rtloom.boards.flow.bitstream.bitstream`.

    Parameters
    ----------
    name, board, device
        What was made, and for what.
    figures
        ``fmax`` and ``clock`` (Hz), ``peak`` (GOPS, two operations a multiply-accumulate), and of each resource of the
        board ``<resource>`` (as placed) and ``<resource> synthesised``; ``power`` (mW) where there is a source for it.
    available
        Resource -> how much there is on the board.
    clock
        The clock's setting: frequencies in Hz, primitive, dividers.
    line
        The serial line: ``baud``, and ``clocks_per_bit`` of the clock.
    seed
        The seed of place and route that was kept.
    tries
        Every clock in Hz, seed, and highest frequency in Hz.
    critical_path
        In words, and its steps.
    notes
        What there is to know besides.
    seconds
        Wall time of each step.
    """

    name: str
    board: str
    device: str
    figures: Mapping[str, Figure]
    available: Mapping[str, int]
    clock: Mapping[str, Any]
    line: Mapping[str, int]
    seed: int
    tries: tuple[tuple[float, int, float], ...]
    critical_path: Mapping[str, Any]
    notes: tuple[str, ...]
    seconds: Mapping[str, float]

    def __getitem__(self, name: str) -> Figure:
        """Return a figure by its name."""
        return self.figures[name]

    def share(self, resource: str) -> float:
        """Return what part of a resource is used, in per cent."""
        return 100 * self.figures[resource].value / self.available[resource]

    def to_dict(self) -> dict[str, Any]:
        """Return everything as JSON holds it."""
        plain = dict(vars(self))
        plain["figures"] = {name: figure.to_dict() for name, figure in self.figures.items()}
        return plain


def make_report(
    name: str, board: Board, closed: Closed, peak: float, clocks_per_bit: int, seconds: Mapping[str, float]
) -> BitstreamReport:
    """Put a report together.

    Parameters
    ----------
    name
        Of the design.
    board, closed
        For what, and what was placed.
    peak
        Multiply-accumulates a cycle.
    clocks_per_bit
        Of the serial line.
    seconds
        Wall time of each step.
    """
    placed = closed.placed
    clock = float(closed.setting.f_out)
    figures = {
        "fmax": Figure(placed.fmax_hz, "Hz", placed.source),
        "clock": Figure(clock, "Hz", "exact"),
        "peak": Figure(2 * peak * clock / 1e9, "GOPS", "exact, at the clock"),
    }
    figures |= {resource: Figure(used, resource, placed.source) for resource, (used, _) in placed.used.items()}
    for resource, count in closed.build.synthesis.room.items():
        figures[f"{resource} synthesised"] = Figure(count, resource, f"synth {closed.build.synthesis.tool}")
    estimated = {
        "fmax foreseen": predicted_fmax(board.fpga, closed.build.synthesis.netlist),
        "power": power(board, closed.setting, placed.used),
    }
    figures |= {what: figure for what, figure in estimated.items() if figure is not None}
    return BitstreamReport(
        name=name,
        board=board.name,
        device=board.part,
        figures=figures,
        available={resource: available for resource, (_, available) in placed.used.items()},
        clock=closed.setting.to_dict(),
        line={"baud": board.baud, "clocks_per_bit": clocks_per_bit},
        seed=placed.seed,
        tries=closed.tries,
        critical_path={"text": str(placed.path), **placed.path.to_dict()},
        notes=_notes(board, closed),
        seconds={step: round(taken, 2) for step, taken in seconds.items()},
    )


def _notes(board: Board, closed: Closed) -> tuple[str, ...]:
    """Say what the figures alone do not."""
    notes = []
    soft = closed.build.synthesis.soft_multipliers
    if board.fpga == "gowin":
        notes.append("nextpnr knows no delays of Gowin's DSP and RAM blocks: multipliers and memories are in LUTs")
    elif soft:
        notes.append(
            f"{soft} multipliers in LUTs: the board's {board.budget['DSP']} DSP blocks hold those that save most"
        )
    if power(board, closed.setting, closed.placed.used) is None:
        notes.append("no power: nothing is published of what this FPGA's parts take")
    if board.fpga == "ice40":
        notes.append("a LUT4 is counted with its flip-flop and carry, as one logic cell holds them")
    return tuple(notes)
