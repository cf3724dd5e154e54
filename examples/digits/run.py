"""The main job on real input: two networks trained, quantised and run on a generated array, all of it checked."""

import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

import rtloom
from rtloom.errors import must
from rtloom.hdl.synth import synthesize

from ..output import whole_folder, write_results
from ..packages import require
from ..progress import Steps, Tell
from .data import Digits, load_digits
from .defaults import CLOCK, OUTPUT, SPEC
from .execute import execute
from .network import CNN, MLP, Network
from .picture import draw
from .quantize import quantize
from .results import Outcome, collect
from .train import predict, train

__all__ = ["NETWORKS", "QUICK", "check_clock", "demo", "layer_spec"]

QUICK = 40
NETWORKS = (MLP, CNN)
# Training and each layer of both networks, then synthesis and picture.
STEPS = sum(1 + len(network.layers) for network in NETWORKS) + 2


def demo(
    output: str | Path = OUTPUT,
    spec: Any = SPEC,
    clock: float = CLOCK,
    quick: bool = False,
    tell: Tell = lambda _text, _done: None,
) -> dict[str, Any]:
    """Run the demo and write Verilog, manifest, FuseSoC core, ``results.json`` and ``results.png``.

    Parameters
    ----------
    output
        Folder that the files are written to, all or none.
    spec
        A systolic design with int8 operands; bias, requantisation and ReLU are switched on.
    clock
        Assumed frequency in Hz, for images per second.
    quick
        Take the first 40 held-out images instead of all 360.
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
        Where a package or tool is missing.
    CheckError
        Where RTL and golden model differ.
    """
    started = time.perf_counter()
    design = layer_spec(spec)
    check_clock(clock)
    require("matplotlib")
    digits = load_digits()
    images = digits.test_images[: QUICK if quick else None]
    step = Steps(tell, STEPS)
    with whole_folder(Path(output)) as folder:
        outcomes = [_outcome(network, design, digits, images, step) for network in NETWORKS]
        step("synthesis to gates")
        files = rtloom.write_design(design, folder)
        area = synthesize(files[0], rtloom.emit_design(design).manifest.top)
        results = collect(design, clock, outcomes, area)
        step("picture")
        return write_results(folder, results, files, lambda file: draw(file, results, outcomes, images), started)


def check_clock(clock: float) -> None:
    """Raise `InputError` where that is no frequency in Hz."""
    if not 0 < clock < float("inf"):
        raise must("Demo clock", "be a frequency above 0 Hz", clock)


def layer_spec(spec: Any) -> rtloom.Spec:
    """Return a specification with its epilogue switched on, or raise where it cannot run int8 layers."""
    base = rtloom.load(spec)
    if base.family.name != "systolic":
        raise must("Demo spec", "be of the family systolic", base.family.name)
    plain = base.params.to_dict()
    for name in ("a_format", "b_format", "output_format"):
        if plain[name] != "int8":
            raise must(f"Demo spec {name}", "be int8", plain[name])
    whole = base.replace(bias=True, requantize=True, activation="relu")
    # A short name; the parameters stand in the Verilog file and its manifest.
    return base if whole.params == base.params else replace(whole, name=f"{base.name}-layer")


def _outcome(network: Network, spec: rtloom.Spec, digits: Digits, images: NDArray[np.int64], step: Steps) -> Outcome:
    """Train, quantise and run one network."""
    step(f"{network.name}: training")
    weights = train(network, digits.train_images, digits.train_labels)
    bits = spec.params.to_dict()["multiplier_bits"]
    layers = quantize(network, weights, digits.train_images, bits)
    execution = execute(spec, layers, images, lambda layer: step(f"{network.name}: {layer} on the array"))
    return Outcome(network, predict(network, weights, images), digits.test_labels[: len(images)], execution)
