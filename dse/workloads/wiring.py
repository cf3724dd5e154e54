"""Which layer reads whose results: the wires of a workload's list, with repeated blocks written out."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from ...errors import InputError, must
from .layers import Layer

__all__ = ["NETWORK_INPUT", "Run", "Wires", "check_wires", "parse_wires", "written_out"]

NETWORK_INPUT = "input"
"""The word for what the network is given, in a list of inputs."""

_RULE = "be a list of layers' names"


@dataclass(frozen=True)
class Wires:
    """What a layer reads besides its weights, by names.

    Parameters
    ----------
    inputs
        Layers whose results it reads, or ``input``; None: the layer before it; none of them: what is given to it alone,
        for example by products that the workload leaves out.
    merges
        Layers whose results, or ``input``, are added to its own, or multiplied with them, where those are written.
    """

    inputs: tuple[str, ...] | None = None
    merges: tuple[str, ...] = ()

    def document(self) -> dict[str, Any]:
        """Return the wires as a workload's YAML holds them."""
        inputs = {} if self.inputs is None else {"inputs": list(self.inputs)}
        return inputs | ({"merges": list(self.merges)} if self.merges else {})


@dataclass(frozen=True)
class Run:
    """One repetition of a layer in the order of computation.

    Parameters
    ----------
    layer
        The layer.
    name
        Its name; with the number of the repetition, from 1, where there are several.
    inputs, merges
        Numbers of the runs whose results it reads; -1 for the network's input.
    """

    layer: Layer
    name: str
    inputs: tuple[int, ...]
    merges: tuple[int, ...]


def parse_wires(entry: Mapping[str, Any], thing: str) -> Wires:
    """Return the wires out of a layer's entry.

    Raises
    ------
    InputError
        Where they are no lists of names.
    """
    found: dict[str, tuple[str, ...] | None] = {}
    for key in ("inputs", "merges"):
        names = entry.get(key)
        if names is not None and not (isinstance(names, list) and all(isinstance(name, str) for name in names)):
            raise must(f"{thing} {key}", _RULE, names)
        if names is not None and len(set(names)) != len(names):
            raise must(f"{thing} {key}", f"{_RULE}, each once", names)
        found[key] = None if names is None else tuple(names)
    return Wires(found["inputs"], found["merges"] or ())


def written_out(layers: Sequence[Layer], wires: Mapping[str, Wires]) -> tuple[Run, ...]:
    """Return every repetition of every layer in order, wired.

    Layers one after the other with the same `repeat` are a block that is repeated as a whole. A name of the same block
    that has not been computed in a repetition (the layer itself, or a later one) is that of the repetition before;
    before the first one, what stands before the block.

    Raises
    ------
    InputError
        Where a name is of no layer that comes before.
    """
    blocks = _Blocks(layers)
    runs: list[Run] = []
    for members in blocks.blocks:
        for turn in range(layers[members[0]].repeat):
            for at in members:
                own = wires.get(layers[at].name, Wires())
                before = (at - 1 if at > members[0] else members[-1],)
                inputs = before if own.inputs is None else [blocks.index(at, name) for name in own.inputs]
                merges = [blocks.index(at, name) for name in own.merges]
                found = (tuple(blocks.run(at, turn, other) for other in some) for some in (inputs, merges))
                runs.append(Run(layers[at], blocks.called(at, turn), *found))
    return tuple(runs)


def check_wires(layers: Sequence[Layer], wires: Mapping[str, Wires], thing: str) -> None:
    """Refuse names that are of no layer before, or of the same block; messages begin with `thing`."""
    blocks = _Blocks(layers)
    for at, layer in enumerate(layers):
        own = wires.get(layer.name, Wires())
        for key, names in (("inputs", own.inputs or ()), ("merges", own.merges)):
            for name in names:
                if not blocks.known(at, name):
                    rule = "name layers that come before, or of the same repeated block"
                    raise must(f"{thing} layer {layer.name} {key}", rule, name)


class _Blocks:
    """Runs of layers that are repeated together, and where each repetition of a layer stands in the order."""

    def __init__(self, layers: Sequence[Layer]) -> None:
        self.layers = layers
        self._places = {layer.name: at for at, layer in enumerate(layers)}
        # Layers that come once are blocks of their own.
        keys = [(layer.repeat, at if layer.repeat == 1 else 0) for at, layer in enumerate(layers)]
        self.blocks = [[at for at, _ in group] for _, group in groupby(enumerate(keys), key=lambda pair: pair[1])]
        self._block = {at: number for number, block in enumerate(self.blocks) for at in block}
        self._first, start = [], 0
        for block in self.blocks:
            self._first.append(start)
            start += len(block) * layers[block[0]].repeat

    def known(self, at: int, name: str) -> bool:
        """Whether a layer may name another one."""
        if name not in self._places:
            return name == NETWORK_INPUT
        other = self._places[name]
        return other < at or (self._block[other] == self._block[at] and self.layers[at].repeat > 1)

    def index(self, at: int, name: str) -> int:
        """Return the place in the list of a name that a layer gives; -1 for the network's input."""
        if not self.known(at, name):
            raise InputError(f"Layer {self.layers[at].name} must be wired to layers that come before, not {name!r}")
        return self._places.get(name, -1)

    def called(self, at: int, turn: int) -> str:
        """Return the name of a repetition."""
        layer = self.layers[at]
        return layer.name if layer.repeat == 1 else f"{layer.name} #{turn + 1}"

    def run(self, at: int, turn: int, other: int) -> int:
        """Return the run that a repetition of a layer means by another layer; -1 for the network's input."""
        if other < 0:
            return -1
        own, block = self._block[at], self._block[other]
        if block != own:
            return self._run(other, self.layers[other].repeat - 1)
        if other < at:
            return self._run(other, turn)
        if turn:
            return self._run(other, turn - 1)
        return self._run(self.blocks[own][0] - 1, self.layers[self.blocks[own][0] - 1].repeat - 1) if own else -1

    def _run(self, at: int, turn: int) -> int:
        """Return the place of a repetition in the order of computation."""
        block = self.blocks[self._block[at]]
        return self._first[self._block[at]] + turn * len(block) + at - block[0]
