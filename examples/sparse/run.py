"""Networks and a transformer's matrices with N:M sparse weights, run on generated sparse chains, all of it checked."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import rtloom

from ..builds import Builds
from ..digits import defaults as digits_defaults
from ..digits.data import load_split_digits
from ..digits.run import NETWORKS, QUICK, check_clock
from ..output import whole_folder, write_results
from ..packages import require
from ..progress import Steps, Tell
from ..transformer.gemv import TOKEN
from .defaults import OUTPUT, SPEC
from .designs import layer_designs
from .feed_forward import LAYER, ROLES, FeedForward, Missing, feed_forward_spec, find_feed_forward, study_matrix
from .feed_forward_results import FeedForwardRuns
from .networks import Workbench, steps_of
from .picture import draw
from .results import collect

__all__ = ["demo"]

EPOCHS = 0.5
"""Further training of each form, as a share of what the float network had; chosen by the validation images."""
QUICK_EPOCHS = 0.1


def demo(
    output: str | Path = OUTPUT,
    spec: Any = SPEC,
    clock: float = digits_defaults.CLOCK,
    quick: bool = False,
    tell: Tell = lambda _text, _done: None,
) -> dict[str, Any]:
    """Run the demo and write Verilog, manifest and FuseSoC core of each design, ``results.json`` and ``results.png``.

    Parameters
    ----------
    output
        Folder that the files are written to, all or none.
    spec
        A design of the sparse family with int8 activations and chains of four groups; blocks become 4 and 16, weights
        int8 and int4, and bias, requantisation and ReLU are switched on.
    clock
        Assumed frequency in Hz, for images per second.
    quick
        Take the first 40 test images instead of all 360, and train on a fifth as long.
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
        Where a package or tool is missing; without the transformer's, its part is skipped.
    CheckError
        Where RTL and golden model differ.
    """
    started = time.perf_counter()
    designs = layer_designs(spec)
    check_clock(clock)
    require("matplotlib")
    digits = load_split_digits()
    found = find_feed_forward()
    specs = [*(design.spec for design in designs), *([] if isinstance(found, Missing) else [feed_forward_spec()])]
    forms = 0 if isinstance(found, Missing) else 2 * len(ROLES)
    step = Steps(tell, sum(steps_of(network, designs) for network in NETWORKS) + forms + 1)
    with whole_folder(Path(output)) as folder, Builds(specs) as builds:
        images, epochs = digits.test_images[: QUICK if quick else None], QUICK_EPOCHS if quick else EPOCHS
        bench = Workbench(designs, builds, digits, images, epochs, step)
        studies = [bench.study(network) for network in NETWORKS]
        runs = _feed_forward(found, builds, step)
        step("picture")
        results = collect(rtloom.load(spec).name, clock, designs, studies, runs)
        files = [path for each in specs for path in rtloom.write_design(each, folder)]
        return write_results(folder, results, files, lambda file: draw(file, results), started)


def _feed_forward(
    found: FeedForward | Missing, builds: Builds, step: Callable[[str], object]
) -> FeedForwardRuns | Missing:
    """Run the transformer's matrices if there is one."""
    if isinstance(found, Missing):
        return found
    spec = feed_forward_spec()
    builds.wait(spec)
    studies = [
        study_matrix(spec, role, found.weights.matrix(LAYER, role)[0], found.trace.input_of(role)[TOKEN], step)
        for role in ROLES
    ]
    return FeedForwardRuns(found.weights.title, spec, studies)
