"""What each check shows and what it cannot show, for somebody who meets it for the first time."""

from collections.abc import Mapping

__all__ = ["MEANINGS"]


def _plain(text: str) -> str:
    """Return a text without its line breaks."""
    return " ".join(text.split())


MEANINGS: Mapping[str, str] = {
    "bench": _plain(
        """Random and extreme data go through the Verilog in Verilator, with idle inputs, back-pressure and resets in
        mid-flight. Every beat must equal the NumPy model, every stream must keep its rules, and undisturbed jobs must
        take exactly the cycles of the formula. It says nothing about what no scenario does: that is what the cover
        points are for."""
    ),
    "coverage": _plain(
        """Situations that a designer of this family would worry about: ragged edges, saturation at both ends, a reset
        with a result waiting. Each must have happened in a run whose result was right. A point that was hit was
        exercised; whether a mistake there would be noticed is what the faults on purpose tell."""
    ),
    "mutation": _plain(
        """Bits of the netlist are broken on purpose, one at a time, and the same runs must notice. The score is the
        share noticed, not counting faults that are proven to change nothing. It measures the tests, not the design:
        what survives is listed with its line of Verilog."""
    ),
    "proofs": _plain(
        """A solver looks at all inputs at once: the rules of the streams, that something always moves on, that no sum
        can overflow. Proven means for all time; bounded means that no counterexample exists within so many cycles of
        reset; not finished means that the solver did not get there. A trace shows of each claim that it is about
        something that happens."""
    ),
    "comparison": _plain(
        """The same data, stalls and resets on another simulator, which knows unknown bits, and on the netlist of gates
        that Yosys makes of the Verilog: every beat in the same cycle. It would show a mistake of one tool, and
        Verilog that tools read differently."""
    ),
}
"""By the names of the checks."""
