"""The classes of failures: what is wrong with a design in one word, found from which scenarios fail and how."""

from collections.abc import Sequence
from dataclasses import dataclass

from ..verify import Outcome

__all__ = ["CLASSES", "Finding", "classify"]

CLASSES = {
    "passed": "every scenario passed",
    "does_not_parse": "the Verilog is not accepted",
    "unknown_module": "a module, or the top module, is not there",
    "clock_or_reset_not_bound": "there is no port of the clock's or reset's name",
    "port_missing": "a port of a stream is not there, or has the other direction",
    "port_width": "a port has another width",
    "never_ready": "no beat of any input is ever taken",
    "deadlock": "it stops before all beats came",
    "protocol_violated": "a rule of valid, ready, data or last is broken, or valid is high in reset",
    "wrong_from_the_first_beat": "the first beat of the first job is wrong",
    "wrong_results": "results are wrong, ordinary ones among them",
    "wrong_at_ragged_edges": "results are right in whole tiles and wrong where a tile is not full",
    "wrong_on_corner_values": "results are right for ordinary values and wrong for extreme ones",
    "wrong_under_stalls": "right in free flow; wrong, missing or stuck under back-pressure or with idle inputs",
    "wrong_after_reset": "all is right until the design is reset in mid-flight",
    "wrong_number_of_beats": "beats are missing or too many",
    "wrong_last": "values are right, the flag last is not",
    "other_cycles": "results are right, their cycles are not those of the formula",
}
"""Every class by its name, in words."""

CORNERS = (
    "minimum",
    "maximum",
    "alternating",
    "corner",
    "zeros",
    "widest",
    "sparse",
    "rising",
    "falling",
    "dominating",
)
_FREE, _RESET, _AXI, _PATIENT = "_free_flow", "reset_", "axi_", "_patient"


@dataclass(frozen=True)
class Finding:
    """What is wrong with a design.

    Parameters
    ----------
    name
        A name in `CLASSES`.
    message
        The first failure, in words.
    scenarios
        Scenarios that failed; none where the design could not be built.
    """

    name: str
    message: str = ""
    scenarios: tuple[str, ...] = ()

    @property
    def passed(self) -> bool:
        """Whether nothing is wrong."""
        return self.name == "passed"

    def __str__(self) -> str:
        return f"{self.name}: {CLASSES[self.name]}" + (f"; {self.message}" if self.message else "")


def classify(outcomes: Sequence[Outcome]) -> Finding:
    """Put the failures of a run of the bench into one class: the simplest scenario that fails decides.

    Parameters
    ----------
    outcomes
        Of every scenario, as `verify_design` returns them.
    """
    failed = [outcome for outcome in outcomes if not outcome.passed]
    if not failed:
        return Finding("passed")
    names = tuple(outcome.scenario for outcome in failed)
    first = min(failed, key=_rank)
    return Finding(_name(first, {outcome.scenario for outcome in failed}), first.message, names)


def _rank(outcome: Outcome) -> tuple[int, bool, int]:
    """Order scenarios: free flow, stalls, resets, other drivers; of each, ordinary jobs before extreme data."""
    name = outcome.scenario
    # What follows the resets in the same simulation comes after them: it may have inherited their failure.
    kind = 0 if name.endswith(_FREE) else 2 if name.startswith(_RESET) else 3 if name.startswith(_AXI) else 1
    return kind, name.startswith(CORNERS), 0 if name.startswith("small") else 1


def _name(first: Outcome, failed: set[str]) -> str:
    """Return the class that the simplest failing scenario stands for."""
    kind, name = first.details.get("kind", "protocol"), first.scenario
    if name.endswith(_FREE):
        return _in_free_flow(first, kind, failed)
    if name.startswith(_RESET):
        return "wrong_after_reset"
    # A sink that is ready only after valid holds nothing back: a design that hangs waits for ready before valid.
    waits = kind == "deadlock" and name.endswith(_PATIENT)
    return "protocol_violated" if kind == "protocol" or waits else "wrong_under_stalls"


def _in_free_flow(first: Outcome, kind: str, failed: set[str]) -> str:
    """Return the class of a failure without stalls and resets."""
    by_kind = {
        "protocol": "protocol_violated",
        "never_ready": "never_ready",
        "deadlock": "deadlock",
        "beats": "wrong_number_of_beats",
        "cycles": "other_cycles",
        "flag": "wrong_last",
    }
    if kind in by_kind:
        return by_kind[kind]
    ordinary = {name for name in failed if name.endswith(_FREE) and not name.startswith(CORNERS)}
    if not ordinary:
        return "wrong_on_corner_values"
    if first.scenario.startswith("small"):
        return "wrong_from_the_first_beat" if first.details.get("beat") == 0 else "wrong_results"
    return "wrong_at_ragged_edges" if first.details.get("ragged") else "wrong_results"
