"""What a check of a design came to, as the summary keeps it: one JSON file for each check and design."""

from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from ...errors import must
from ...files import whole_file

__all__ = ["Outcome", "State", "read_outcomes", "save"]

State = Literal["good", "open", "bad", "skipped"]
"""``good``: all that was asked; ``open``: less, or proven only to a bound; ``bad``: something is wrong."""


class Outcome(BaseModel):
    """One check of one design.

    Attributes
    ----------
    check, design, family
        Which check, of what.
    digest
        Hash of the design's parameters.
    state
        How it ended.
    value
        The one figure, with its unit.
    headline
        The whole result in a line.
    findings
        What is left to look at, a line each.
    seconds
        That it took.
    command
        What runs it again.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    check: str
    design: str
    family: str
    digest: str
    state: State
    value: str
    headline: str
    findings: tuple[str, ...] = ()
    seconds: float
    command: str


def save(outcome: Outcome, folder: Path) -> Path:
    """Write an outcome into a folder, in place of an earlier one of the same check and design."""
    path = folder / f"{outcome.design}.{outcome.check}.json"
    with whole_file(path, "Result file") as file:
        file.write(outcome.model_dump_json(indent=1).encode() + b"\n")
    return path


def read_outcomes(folder: Path) -> list[Outcome]:
    """Return what is in a folder, by name of the files.

    Raises
    ------
    InputError
        Where a file is no outcome.
    """
    found = []
    for path in sorted(folder.glob("*.*.json")):
        try:
            found.append(Outcome.model_validate_json(path.read_text(encoding="utf-8")))
        except (ValidationError, UnicodeDecodeError):
            raise must(f"Result file {path}", "hold an outcome of rtloom assess", path.name) from None
    return found
