"""Line and branch counts in the format of lcov, as genhtml and editors read it."""

from collections.abc import Iterable
from pathlib import Path

from .structural import Structure

__all__ = ["lcov_text"]


def lcov_text(structure: Structure, source: Path, test: str) -> str:
    """Return the contents of an ``.info`` file.

    Parameters
    ----------
    structure
        The counts; toggles, which lcov has no record for, are left to the page and the JSON.
    source
        The Verilog, as whoever reads the file finds it.
    test
        Name of the test, of letters, digits and underlines.
    """
    records = [f"TN:{test}", f"SF:{source}"]
    number: dict[int, int] = {}
    for (line, _), count in structure.branches.items():
        number[line] = number.get(line, -1) + 1
        # A dash, not 0, says that the condition itself was never reached.
        taken = str(count) if structure.lines.get(line) else "-"
        records.append(f"BRDA:{line},0,{number[line]},{taken}")
    records += [f"BRF:{len(structure.branches)}", f"BRH:{_hit(structure.branches.values())}"]
    records += [f"DA:{line},{count}" for line, count in structure.lines.items()]
    records += [f"LF:{len(structure.lines)}", f"LH:{_hit(structure.lines.values())}", "end_of_record"]
    return "\n".join(records) + "\n"


def _hit(counts: Iterable[int]) -> int:
    return sum(count > 0 for count in counts)
