"""What a regression found: for people, as JSON, and as JUnit XML."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

from ...figures import Figure
from ...files import whole_file
from .failures import Failure
from .journal import Line

__all__ = ["RegressReport", "write_junit"]

_FORBIDDEN = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""Characters that XML 1.0 does not take."""


@dataclass(frozen=True)
class RegressReport:
    """What a regression found.

    Parameters
    ----------
    seed, start
        The sequence, and the number in it that came first.
    jobs
        Processes side by side.
    lines
        Every task that ran, those of earlier sessions included.
    failures
        Those that failed.
    resumed
        How many of the tasks ran in earlier sessions.
    interrupted
        Whether it was stopped before its end.
    seconds
        Wall-clock seconds of this session.
    output, junit
        The folder of journal and failures, and the test report.
    """

    seed: int
    start: int
    jobs: int
    lines: tuple[Line, ...]
    failures: tuple[Failure, ...]
    resumed: int
    interrupted: bool
    seconds: float
    output: Path
    junit: Path

    @property
    def ran(self) -> int:
        """How many tasks ran."""
        return len(self.lines)

    @property
    def passed(self) -> bool:
        """Whether none failed."""
        return not self.failures

    @property
    def rate(self) -> float:
        """Tasks a minute in this session."""
        return 60 * (self.ran - self.resumed) / self.seconds if self.seconds else 0.0

    def count(self, *, kind: str | None = None, family: str | None = None, failed: bool = False) -> int:
        """Return how many tasks of a kind and a family ran, or failed."""
        return sum(
            kind in (None, line.task.kind) and family in (None, line.task.family) and (not failed or bool(line.message))
            for line in self.lines
        )

    def to_dict(self) -> dict[str, Any]:
        """Return plain values, as ``--json`` prints them."""
        names = sorted({line.task.family for line in self.lines})
        return {
            "report": "regress",
            "design": ", ".join(names),
            "seed": self.seed,
            "start": self.start,
            "jobs": self.jobs,
            "passed": self.passed,
            "interrupted": self.interrupted,
            "ran": self.ran,
            "resumed": self.resumed,
            "kinds": {kind: self._counts(kind=kind) for kind in ("preset", "random")},
            "families": {name: self._counts(family=name) for name in names},
            "rate": Figure(self.rate, "tasks/min", f"measured, {self.jobs} jobs").to_dict(),
            "seconds": Figure(self.seconds, "s", "measured").to_dict(),
            "output": str(self.output),
            "junit": str(self.junit),
            "failures": [failure.to_dict() for failure in self.failures],
        }

    def _counts(self, kind: str | None = None, family: str | None = None) -> dict[str, Any]:
        ran, failed = self.count(kind=kind, family=family), self.count(kind=kind, family=family, failed=True)
        return {
            "ran": Figure(ran, "tasks", "rtl-sim").to_dict(),
            "failed": Figure(failed, "tasks", "rtl-sim").to_dict(),
        }

    def __str__(self) -> str:
        parts = []
        for kind, words in (("preset", "presets"), ("random", "random configurations")):
            if ran := self.count(kind=kind):
                parts.append(f"{ran - self.count(kind=kind, failed=True)} of {ran} {words} passed")
        numbers = [line.task.number for line in self.lines if line.task.kind == "random"]
        where = f" (numbers {min(numbers)} to {max(numbers)})" if numbers else ""
        before = f", {self.resumed} of them in earlier sessions" if self.resumed else ""
        stopped = "; stopped, the same command goes on" if self.interrupted else ""
        return (
            f"seed {self.seed}: {', '.join(parts) or 'nothing ran'}{where}{before}; "
            f"{self.rate:.1f} a minute with {self.jobs} jobs, {self.seconds:.0f} s (measured){stopped}"
        )


def write_junit(path: Path, lines: Iterable[Line]) -> None:
    """Write JUnit XML: a test suite for each family, a test case for each task.

    Raises
    ------
    InputError
        Where the file cannot be written.
    """
    root = ET.Element("testsuites", name="rtloom regress")
    suites: dict[str, list[Line]] = {}
    for line in lines:
        suites.setdefault(line.task.family, []).append(line)
    for name, members in sorted(suites.items()):
        failed = sum(bool(line.message) for line in members)
        seconds = sum(line.seconds for line in members)
        suite = ET.SubElement(
            root, "testsuite", name=name, tests=str(len(members)), failures=str(failed), time=f"{seconds:.3f}"
        )
        for line in members:
            _case(suite, line)
    ET.indent(root)
    path.parent.mkdir(parents=True, exist_ok=True)
    with whole_file(path, "JUnit file") as file:
        ET.ElementTree(root).write(file, encoding="utf-8", xml_declaration=True)


def _case(suite: ET.Element, line: Line) -> None:
    """Add the test case of a task."""
    where = f"{line.task.family}.{line.task.kind}"
    case = ET.SubElement(suite, "testcase", classname=where, name=line.task.name, time=f"{line.seconds:.3f}")
    if line.message:
        message = _FORBIDDEN.sub("?", line.message)
        failure = ET.SubElement(case, "failure", message=message)
        failure.text = f"{message}\n{line.task}\nagain: {line.task.command}"
