"""A transformer's heads, first layer and all layers in integers on generated hardware, all of it checked."""

import time
from pathlib import Path
from typing import Any

import rtloom

from ..builds import Builds
from ..digits.defaults import CLOCK
from ..digits.run import QUICK, check_clock
from ..output import whole_folder, write_results
from ..packages import require
from ..progress import Steps, Tell
from .defaults import OUTPUT, SPEC
from .designs import engine_spec, layer_designs
from .picture import draw
from .results import collect
from .study import Study, steps_of
from .subject import DigitsSubject, SentenceSubject, digits_subject, find_model, sentence_subject

__all__ = ["demo", "find_subject"]

QUICK_SENTENCES = 2
"""Sentences that go through the whole layer in Verilog in a quick demo."""
WORKERS = 2
"""Simulators that are built at once."""


def demo(
    output: str | Path = OUTPUT,
    spec: Any = SPEC,
    clock: float = CLOCK,
    quick: bool = False,
    tell: Tell = lambda _text, _done: None,
) -> dict[str, Any]:
    """Run the demo and write Verilog, manifest and FuseSoC core of each design, ``results.json`` and ``results.png``.

    Parameters
    ----------
    output
        Folder that the files are written to, all or none.
    spec
        An attention design with int8 queries, keys, values and results; heads become as long as the model's.
    clock
        Assumed frequency in Hz, for tokens per second.
    quick
        Run the whole layer in Verilog for the first 2 of the 12 sentences; of the digits, where they stand in, take 40
        instead of all 360.
    tell
        Called with what begins and the share that is done, for a progress bar.

    Returns
    -------
    dict
        What ``results.json`` holds: each figure with value, unit and source.

    Raises
    ------
    InputError
        Where `spec`, `clock` or `output` break a rule.
    ToolError
        Where a package or tool is missing; without the transformer's, digits stand in.
    CheckError
        Where Verilog and golden model differ, in values or cycles.
    """
    started = time.perf_counter()
    engine = engine_spec(spec)
    check_clock(clock)
    require("matplotlib")
    tell("sentences, or digits", 0.0)
    with whole_folder(Path(output)) as folder:
        subject = find_subject(quick)
        designs = layer_designs(engine, subject.head)
        step = Steps(tell, steps_of(subject) + 1)
        with Builds(designs.all, WORKERS) as builds:
            study = Study.make(subject, designs, builds, _in_verilog(subject, quick), step)
        step("picture")
        results = collect(engine.name, clock, designs, study)
        files = [path for each in designs.all for path in rtloom.write_design(each, folder)]
        return write_results(folder, results, files, lambda file: draw(file, results, study), started)


def _in_verilog(subject: SentenceSubject | DigitsSubject, quick: bool) -> int | None:
    """Return how many sequences go through the whole layer in Verilog; None for all."""
    return QUICK_SENTENCES if quick and isinstance(subject, SentenceSubject) else None


def find_subject(quick: bool) -> SentenceSubject | DigitsSubject:
    """Return sentences and the installed transformer, or digits and a small one where that is absent."""
    model = find_model()
    if isinstance(model, str):
        return digits_subject(model, QUICK if quick else None)
    return sentence_subject(model)
