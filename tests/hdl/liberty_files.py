"""Real standard-cell libraries, where a checkout has them beside it; the project ships none."""

from pathlib import Path

import pytest

FOLDER = Path(__file__).resolve().parents[2].parent / "shared" / "data" / "liberty"
PATTERNS = {"sky130": "sky130_fd_sc_hd*.lib.gz", "sg13g2": "sg13g2_stdcell*.lib.gz", "asap7": "asap7*.lib.gz"}


def liberty(name: str) -> list[Path]:
    """Return the files of a library, or skip the test."""
    files = sorted(FOLDER.glob(PATTERNS[name]))
    if not files:
        pytest.skip(f"no liberty files of {name} in ../shared/data/liberty")
    return files
