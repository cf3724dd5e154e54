"""The digits networks in all their forms on the sparse chains: dense and pruned, with weights of each width."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from rtloom.generators.sparse.compress import CompressionReport, compress
from rtloom.hdl.formats import Integer

from ..builds import Builds
from ..digits.data import SplitDigits
from ..digits.execute import execute, golden_digits
from ..digits.network import Network, Weights
from ..digits.quantize import quantize
from ..digits.results import Outcome
from ..digits.train import predict, train
from ..lut.layers import LutLayer, integer_layers
from .designs import BITS, SparseDesign
from .training import PATTERNS, Pattern, pruned, train_few_bits_on, train_on

__all__ = ["NetworkRun", "Study", "Workbench", "patterns_of", "steps_of"]

IntArray = NDArray[np.int64]
ROUNDED_WELL = 8
"""Bits of weights from which float ones are just rounded; for fewer they are trained for."""


class NetworkRun(NamedTuple):
    """One form of a network: what it ran on, which weights are left, what came of it, what each layer's weights take.

    The float network of the outcome is that form before its weights were made integers. `validation` is the share of
    validation images that the golden model reads rightly.
    """

    design: SparseDesign
    pattern: Pattern
    outcome: Outcome
    memory: Sequence[CompressionReport]
    validation: float


class Study(NamedTuple):
    """A network, the digits seen after pruning without further training by pattern, and its forms by design."""

    network: Network
    unretrained: dict[Pattern, IntArray]
    runs: Sequence[NetworkRun]


def patterns_of(design: SparseDesign) -> list[Pattern]:
    """Return the patterns of weights that run on a design, the dense one first."""
    block = design.params.block
    return [Pattern(block, block), *(pattern for pattern in PATTERNS if pattern.m == block)]


def steps_of(network: Network, designs: Sequence[SparseDesign]) -> int:
    """Return how many steps the study of a network tells."""
    forms = 1 + len(PATTERNS)
    few = sum(bits < ROUNDED_WELL for bits in BITS)
    return forms * (1 + few) + sum(len(patterns_of(design)) for design in designs) * len(network.layers)


@dataclass(frozen=True)
class Workbench:
    """What all networks have in common.

    Parameters
    ----------
    designs, builds
        What they run on.
    digits
        What they learn from, and by what their training is set up.
    images
        Those test images that they see.
    epochs
        Further training, as a share of what the dense network had.
    step
        Called with what begins.
    """

    designs: Sequence[SparseDesign]
    builds: Builds
    digits: SplitDigits
    images: IntArray
    epochs: float
    step: Callable[[str], object]

    def study(self, network: Network) -> Study:
        """Train, prune, quantise and run one network.

        Raises
        ------
        CheckError
            Where RTL and golden model differ.
        """
        floats, unretrained = self._floats(network)
        layers = {(title, bits): self._layers(network, title, floats[title], bits) for bits in BITS for title in floats}
        runs = []
        for design in self.designs:
            self.builds.wait(design.spec)
            for pattern in patterns_of(design):
                title = pattern.title
                runs.append(self._run(network, design, pattern, floats[title], layers[title, design.bits]))
        return Study(network, unretrained, runs)

    def _floats(self, network: Network) -> tuple[dict[str, list[Weights]], dict[Pattern, IntArray]]:
        """Return float weights by the pattern's title, and the digits seen before what is left was trained on.

        A quarter is kept in two halvings, with training between them: these forms begin from the trained first one.
        """
        learn = (self.digits.train_images, self.digits.train_labels)
        self.step(f"{network.name}: training")
        floats, unretrained = {"dense": train(network, *learn)}, {}
        begin = floats["dense"]
        for pattern in PATTERNS:
            self.step(f"{network.name} {pattern.title}: training")
            weights = pruned(begin, pattern)
            unretrained[pattern] = predict(network, weights, self.images)
            floats[pattern.title] = train_on(network, weights, *learn, epochs=self._epochs(network))
            begin = floats[PATTERNS[0].title]
        return floats, unretrained

    def _layers(self, network: Network, title: str, weights: Sequence[Weights], bits: int) -> Sequence[LutLayer]:
        """Return a form of a network as integers."""
        learn = (self.digits.train_images, self.digits.train_labels)
        multiplier_bits, fmt = self.designs[0].params.multiplier_bits, Integer(bits)
        if bits >= ROUNDED_WELL:
            layers = quantize(network, weights, learn[0], multiplier_bits, weight_format=fmt)
            return [LutLayer(**vars(layer)) for layer in layers]
        self.step(f"{network.name} {title} {fmt.name}: training")
        learnt = train_few_bits_on(network, weights, fmt, *learn, epochs=self._epochs(network))
        return integer_layers(network, learnt, fmt, learn[0], multiplier_bits)

    def _epochs(self, network: Network) -> int:
        return round(self.epochs * network.epochs)

    def _run(
        self,
        network: Network,
        design: SparseDesign,
        pattern: Pattern,
        weights: Sequence[Weights],
        layers: Sequence[LutLayer],
    ) -> NetworkRun:
        """Run a form of a network on a design, each layer compared with the golden model."""
        name = f"{network.name} {pattern.title} int{design.bits}"
        execution = execute(design.spec, layers, self.images, lambda layer: self.step(f"{name}: {layer} on the chains"))
        labels = self.digits.test_labels[: len(self.images)]
        outcome = Outcome(network, predict(network, weights, self.images), labels, execution)
        matrices = [layer.weights.reshape(-1, layer.weights.shape[-1]).T for layer in layers]
        memory = [compress(design.params, w).report for w in matrices]
        return NetworkRun(design, pattern, outcome, memory, self._validation(design, layers))

    def _validation(self, design: SparseDesign, layers: Sequence[LutLayer]) -> float:
        """Return the share of as many validation images as there are test images that are read rightly."""
        count = len(self.images)
        seen = golden_digits(design.spec, layers, self.digits.validation_images[:count])
        return float(np.mean(seen == self.digits.validation_labels[:count]))
