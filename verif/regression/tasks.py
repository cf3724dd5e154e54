"""What a regression is made of: presets through the whole bench, and random configurations."""

import contextlib
import hashlib
import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from functools import cached_property
from itertools import count
from pathlib import Path
from typing import Any, Literal

from ...errors import CheckError, RtloomError
from ...generators.spec import Spec, families, family, load, presets
from ..configurations import SHORT, run_configuration, spec_of
from ..matrix import Configuration, random_configuration
from ..simulate import simulate
from ..verify import verify

__all__ = ["BENCH_EVERY", "JUNIT", "WAVES", "Task", "execute", "names_of", "preset_tasks", "random_tasks"]

BENCH_EVERY = 10
"""One configuration in so many also goes through the whole bench: its own seed decides, whatever ran before it."""
WAVES, JUNIT = "waves.fst", "junit.xml"
"""What a task leaves in its folder after a failure: the waveform and, from the bench, its report."""


@dataclass(frozen=True)
class Task:
    """One entry of a regression; it says all that is needed to run it again.

    Parameters
    ----------
    kind
        ``preset``: the whole bench on a preset; ``random``: a configuration of the sequence.
    family
        Name of the family.
    seed
        Of data and stalls, or of the sequence.
    preset
        Name of the preset; empty for a random configuration.
    number
        Place in the sequence; 0 for a preset.
    """

    kind: Literal["preset", "random"]
    family: str
    seed: int
    preset: str = ""
    number: int = 0

    @property
    def name(self) -> str:
        """What reports and folders call it."""
        return self.preset or f"{self.family}-{self.seed}-{self.number}"

    @cached_property
    def configuration(self) -> Configuration | None:
        """The random configuration; None for a preset."""
        return random_configuration(self.seed, self.number, self.family) if self.kind == "random" else None

    @property
    def spec(self) -> Spec:
        """The design."""
        return spec_of(self.configuration) if self.configuration else load(self.preset)

    @property
    def command(self) -> str:
        """The command that runs it alone."""
        if self.kind == "preset":
            return f"rtloom verify {self.preset} --seed {self.seed}"
        which = f"--family {self.family} --seed {self.seed} --start {self.number} --count 1"
        return f"rtloom regress --random {which}"

    def key(self, code: str) -> str:
        """Return what a finished task is recognised by: its design, its seed and number, and the code that ran."""
        parts = [code, self.to_dict(), self.spec.params.digest]
        return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:32]

    def to_dict(self) -> dict[str, Any]:
        """Return plain values; ``Task(**values)`` is the task again."""
        return asdict(self)

    def __str__(self) -> str:
        return str(self.configuration or f"preset {self.preset} | axi, whole bench, seed={self.seed}")


def names_of(wanted: str | None) -> list[str]:
    """Return the families that a regression takes in turn: the wanted one, or all.

    Raises
    ------
    InputError
        Where there is no such family.
    """
    return list(families()) if wanted is None else [family(wanted).name]


def preset_tasks(names: list[str], seed: int) -> list[Task]:
    """Return a task for every preset of the families."""
    return [
        Task("preset", each.family.name, seed, preset=name)
        for name, each in presets().items()
        if each.family.name in names
    ]


def random_tasks(names: list[str], seed: int, start: int) -> Iterator[Task]:
    """Yield the sequence of a seed without end, from number `start` on; the families share the numbers in turn."""
    for number in count(start):
        yield Task("random", names[number % len(names)], seed, number=number)


def execute(task: Task, folder: Path) -> str:
    """Run a task in this process and return what was wrong, empty if nothing.

    A random configuration is built, run natively with and without stalls and compared with golden bit for bit and with
    the cycle formula; one in ten also goes through the whole bench. A preset goes through the bench.

    Parameters
    ----------
    task
        What to run.
    folder
        Takes the waveform of a failure, and the report of the bench.
    """
    try:
        if task.configuration is None or not _native(task.configuration, folder):
            report = verify(
                task.spec,
                interface=task.configuration.interface if task.configuration else "axi",
                seed=task.configuration.seed if task.configuration else task.seed,
                junit=folder / JUNIT,
                waves=folder / WAVES,
                options=SHORT,
            )
            report.require()
    except CheckError as error:
        return str(error)
    except RtloomError as error:
        # A valid configuration that cannot be lowered, emitted or built is a failure as well.
        return f"{type(error).__name__}: {error}"
    return ""


def _native(configuration: Configuration, folder: Path) -> bool:
    """Run a configuration natively; return whether that is all that is asked of it."""
    try:
        run_configuration(configuration)
    except CheckError:
        _trace(configuration, folder / WAVES)
        raise
    return configuration.seed % BENCH_EVERY != 0


def _trace(configuration: Configuration, waves: Path) -> None:
    """Run a configuration that failed once more, with a waveform: with stalls if it fails with them, else without."""
    operation, tensors = configuration.operation()
    given = {"interface": configuration.interface, "check": True, "options": SHORT, **tensors}
    with contextlib.suppress(RtloomError):
        for stalls in (configuration.stalls, "none"):
            pattern = None if stalls == "none" else stalls
            simulate(spec_of(configuration), operation, stalls=pattern, seed=configuration.seed, trace=waves, **given)
