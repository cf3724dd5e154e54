"""Networks with weights of few bits on generated LUT tiles: digits, and a transformer's projections; all checked."""

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

import rtloom

from ..digits import defaults as digits_defaults
from ..digits.data import Digits, load_digits
from ..digits.execute import execute, golden_digits
from ..digits.network import Network, Weights
from ..digits.quantize import quantize
from ..digits.results import Outcome
from ..digits.run import NETWORKS, QUICK, check_clock, layer_spec
from ..digits.train import predict, train
from ..output import whole_folder, write_results
from ..packages import require
from ..progress import Steps, Tell
from .areas import Areas
from .defaults import OUTPUT, SPEC
from .layers import integer_layers
from .picture import draw
from .projections import find_projections
from .qat import train_few_bits
from .results import FewBitOutcome, Study, collect
from .tiles import WEIGHT_FORMATS, Tile, compared_tiles, lut_tile

__all__ = ["demo"]

# Of a network: training, then for each format training and every layer. At the end areas and picture. The projections
# of a transformer come in between, where there is one.
STEPS = sum(1 + len(WEIGHT_FORMATS) * (1 + len(network.layers)) for network in NETWORKS) + 2
EPOCHS = 0.5
"""Further training for a format, as a share of what the float network had."""
QUICK_EPOCHS = 0.1


def demo(
    output: str | Path = OUTPUT,
    spec: Any = SPEC,
    clock: float = digits_defaults.CLOCK,
    quick: bool = False,
    tell: Tell = lambda _text, _done: None,
) -> dict[str, Any]:
    """Run the demo and write Verilog, manifest and FuseSoC core of each tile, ``results.json`` and ``results.png``.

    Parameters
    ----------
    output
        Folder that the files are written to, all or none.
    spec
        A design of the LUT family with int8 activations; its weights become ternary, int2 and int4, and bias,
        requantisation and ReLU are switched on.
    clock
        Assumed frequency in Hz, for images per second.
    quick
        Take the first 40 held-out images instead of all 360, train a fifth as long for few bits, and take two of the
        transformer's matrices at 2 bits instead of six at 2 and 4 bits.
    tell
        Called with what begins and the share that is done, for a progress bar.

    Returns
    -------
    dict
        What ``results.json`` holds: each figure with value, unit and source. Where a transformer's packages or weights
        are absent ``transformer`` holds one line, ``missing``.

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
    tiles = [lut_tile(spec, weights) for weights in WEIGHT_FORMATS]
    check_clock(clock)
    require("matplotlib")
    digits = load_digits()
    projections = find_projections(quick)
    step = Steps(tell, STEPS + projections.steps)
    job = _Job(tiles, digits, digits.test_images[: QUICK if quick else None], QUICK_EPOCHS if quick else EPOCHS, step)
    with whole_folder(Path(output)) as folder, Areas(compared_tiles(tiles)) as areas:
        studies = [job.study(network) for network in NETWORKS]
        transformer = projections.run(lambda text, _done: step(text))
        designs = [path for tile in tiles for path in rtloom.write_design(tile.spec, folder)]
        designs += projections.write(folder)
        step("synthesis to gates")
        results = collect(rtloom.load(spec).name, clock, studies, areas.results())
        results["transformer"] = transformer
        step("picture")
        return write_results(folder, results, designs, lambda file: draw(file, results), started)


class _Job:
    """What is done with each network: float, int8 and few-bit forms of it, the last on the tiles."""

    def __init__(
        self, tiles: Sequence[Tile], digits: Digits, images: NDArray[np.int64], epochs: float, step: Steps
    ) -> None:
        self.tiles, self.digits, self.images, self.epochs, self.step = tiles, digits, images, epochs, step

    def study(self, network: Network) -> Study:
        """Train, quantise and run one network."""
        self.step(f"{network.name}: training")
        weights = train(network, self.digits.train_images, self.digits.train_labels)
        whole = layer_spec(digits_defaults.SPEC)
        layers = quantize(network, weights, self.digits.train_images, whole.params.to_dict()["multiplier_bits"])
        int8 = golden_digits(whole, layers, self.images)
        return Study(int8, [self._few_bits(network, weights, tile) for tile in self.tiles])

    def _few_bits(self, network: Network, weights: Sequence[Weights], tile: Tile) -> FewBitOutcome:
        """Train on for a format and run the result."""
        name, images = f"{network.name} {tile.weights}", self.images
        self.step(f"{name}: training")
        fmt, learn = tile.params.weight_format, (self.digits.train_images, self.digits.train_labels)
        rounded = train_few_bits(network, weights, fmt, *learn, epochs=0)
        learnt = train_few_bits(network, weights, fmt, *learn, epochs=round(self.epochs * network.epochs))
        layers = integer_layers(network, learnt, fmt, learn[0], tile.params.multiplier_bits)
        execution = execute(tile.spec, layers, images, lambda layer: self.step(f"{name}: {layer} on the tile"))
        outcome = Outcome(network, predict(network, weights, images), self.digits.test_labels[: len(images)], execution)
        return FewBitOutcome(tile, outcome, predict(network, rounded.weights, images))
