"""Every check on every design, kept as it comes, and the page of all results."""

import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from ...errors import CheckError, RtloomError, must
from ...files import whole_file
from ...generators.spec import Spec, load
from .checks import CHECKS, Effort, Result, command_of
from .outcome import Outcome, read_outcomes, save
from .page import summary_page

__all__ = ["SMALL", "assess", "write_page"]

SMALL = ("systolic-4x4-int8", "lut-small-w2a4", "sparse-small", "attention-small", "vector-gelu")
"""One small design of each family."""

DEFAULT = Effort()
Tell = Callable[[str, str, Outcome | None], None]
"""Called with design and check before it runs, and again with its outcome."""


def assess(
    specs: Iterable[str | Path | Spec],
    folder: Path,
    effort: Effort = DEFAULT,
    only: Sequence[str] | None = None,
    tell: Tell = lambda _design, _check, _outcome: None,
) -> list[Outcome]:
    """Run checks on designs, one after the other, and keep each outcome as it comes.

    Parameters
    ----------
    specs
        Presets, YAML files or loaded specs.
    folder
        Where the outcomes go, a JSON file each; made if need be.
    effort
        How much is done.
    only
        Names in `CHECKS`; all if not given.
    tell
        Called as the work goes on.

    Returns
    -------
    list
        The outcomes. A check that fails is ``bad``; one whose tools are missing is ``skipped``, with the reason.

    Raises
    ------
    InputError
        Where a spec or a name is wrong, or the folder cannot be made.
    """
    for name in only or ():
        if name not in CHECKS:
            raise must("Check", f"be one of {', '.join(CHECKS)}", name)
    loaded = [load(spec) for spec in specs]
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError:
        raise must("Folder of results", "be a folder that can be written", str(folder)) from None
    outcomes = []
    for spec in loaded:
        for name in only or CHECKS:
            tell(spec.name, name, None)
            outcomes.append(_outcome(spec, name, effort))
            save(outcomes[-1], folder)
            tell(spec.name, name, outcomes[-1])
    return outcomes


def _outcome(spec: Spec, name: str, effort: Effort) -> Outcome:
    """Run one check."""
    started = time.perf_counter()
    check = CHECKS[name]
    try:
        result = check.run(spec, effort)
    except CheckError as error:
        result = Result("bad", "failed", str(error))
    except RtloomError as error:
        result = Result("skipped", "not run", str(error))
    return Outcome(
        check=name,
        design=spec.name,
        family=spec.family.name,
        digest=spec.params.digest,
        state=result.state,
        value=result.value,
        headline=result.headline,
        findings=result.findings,
        seconds=time.perf_counter() - started,
        command=command_of(check, spec.name, effort),
    )


def write_page(folder: Path, path: Path) -> int:
    """Write the page of all outcomes in a folder; return how many there are.

    Raises
    ------
    InputError
        Where there are none, a file is no outcome, or the page cannot be written.
    """
    outcomes = read_outcomes(folder)
    if not outcomes:
        raise must("Folder of results", "hold outcomes of rtloom assess", str(folder))
    with whole_file(path, "Page") as file:
        file.write(summary_page(outcomes).encode())
    return len(outcomes)
