"""Random configurations for as long as one likes, each failure with the command that brings it back."""

import time
from collections.abc import Callable
from dataclasses import dataclass

from ...errors import CheckError, RtloomError
from ...generators import spec
from ..configurations import bench_configuration, run_configuration
from ..matrix import Configuration, random_configuration

__all__ = ["Failure", "RegressReport", "regress"]

BENCH_EVERY = 10
"""One configuration in so many also goes through the whole bench: its own seed decides, whatever ran before it."""


@dataclass(frozen=True)
class Failure:
    """A configuration that failed: its number in the sequence of the seed, what it was, what was wrong."""

    number: int
    seed: int
    configuration: Configuration
    message: str

    @property
    def command(self) -> str:
        """Return the command that runs this configuration alone."""
        return f"rtloom regress --family {self.configuration.family} --seed {self.seed} --start {self.number} --count 1"

    def __str__(self) -> str:
        return f"{self.message}\n  {self.configuration}\n  again: {self.command}"


@dataclass(frozen=True)
class RegressReport:
    """What a regression found: how many configurations ran, those that failed, and the seconds that it took."""

    seed: int
    start: int
    ran: int
    failures: tuple[Failure, ...]
    seconds: float

    def __str__(self) -> str:
        return (
            f"seed {self.seed}: {self.ran - len(self.failures)} of {self.ran} random configurations passed "
            f"(numbers {self.start} to {self.start + self.ran - 1}); {self.seconds:.0f} s (measured)"
        )


def regress(
    *,
    family: str | None = None,
    minutes: float | None = None,
    count: int | None = None,
    seed: int = 0,
    start: int = 0,
    tell: Callable[[Failure], None] | None = None,
    watch: Callable[[int, Configuration], None] | None = None,
) -> RegressReport:
    """Run random configurations on the generated RTL until time or number is up.

    Each is built, run natively with and without stalls and compared with golden bit for bit and with the cycle formula;
    one in ten also goes through the whole bench.

    Parameters
    ----------
    family
        Name of the family; None for all of them in turn, each with its share of the numbers.
    minutes
        No configuration begins after so many minutes; None for no limit.
    count
        Configurations to run; None for no limit.
    seed, start
        The sequence, and the number in it to begin with.
    tell
        Called with each failure as it comes.
    watch
        Called before each configuration.

    Returns
    -------
    RegressReport
        With every failure; an interrupt from the keyboard ends the regression and returns what there is.

    Raises
    ------
    InputError
        Where there is no such family.
    """
    names = list(spec.families()) if family is None else [spec.family(family).name]
    began, failures, ran = time.monotonic(), [], 0
    try:
        while (count is None or ran < count) and (minutes is None or time.monotonic() - began < 60 * minutes):
            number = start + ran
            configuration = random_configuration(seed, number, names[number % len(names)])
            if watch is not None:
                watch(number, configuration)
            message = _run(configuration)
            ran += 1
            if message:
                failures.append(Failure(number, seed, configuration, message))
                if tell is not None:
                    tell(failures[-1])
    except KeyboardInterrupt:
        pass
    return RegressReport(seed, start, ran, tuple(failures), time.monotonic() - began)


def _run(configuration: Configuration) -> str:
    """Return what was wrong with a configuration, empty if nothing."""
    try:
        run_configuration(configuration)
        if configuration.seed % BENCH_EVERY == 0:
            bench_configuration(configuration)
    except CheckError as error:
        return str(error)
    except RtloomError as error:
        # A valid configuration that cannot be lowered, emitted or built is a failure as well.
        return f"{type(error).__name__}: {error}"
    return ""
