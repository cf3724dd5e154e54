"""A workload: a network's layers in order, what else has parameters, and what is not counted."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ...errors import InputError, must
from .expressions import evaluate
from .layers import Attention, Conv2d, Gemm, Layer
from .vectors import Vector
from .wiring import Run, Wires, check_wires, parse_wires, written_out

__all__ = ["Workload", "parse_workload"]

_TYPES: dict[str, type[Layer]] = {kind.kind: kind for kind in (Gemm, Conv2d, Attention, Vector)}
_KEYS = ("name", "description", "source", "sizes", "layers", "other_parameters", "not_counted")
_WORDS = ("same", "valid")
"""Values of a field that are words and no expressions."""

_TEXTS = ("name", "type", "weights", "function")
"""Fields of a layer that are words."""

_MOST_PARAMETERS = 1 << 60


@dataclass(frozen=True)
class Workload:
    """The layers of a network for given sizes.

    Parameters
    ----------
    name, description, source
        What it is called, what it is, and where its shapes come from.
    sizes
        What was chosen, for example batch and sequence.
    layers
        In the order in which they are computed; names are unique.
    other_parameters
        Parameters that belong to no layer, by what they are: embeddings, norms, biases.
    not_counted
        What the network computes besides, in words.
    wires
        What layers read, by name; those that are left out read the result of the layer before them.
    """

    name: str
    description: str
    source: str
    sizes: dict[str, int]
    layers: tuple[Layer, ...]
    other_parameters: dict[str, int]
    not_counted: tuple[str, ...]
    wires: dict[str, Wires] = field(default_factory=dict)

    @property
    def runs(self) -> tuple[Run, ...]:
        """Every repetition of every layer in order, with the runs whose results it reads."""
        return written_out(self.layers, self.wires)

    @property
    def macs(self) -> int:
        """Multiply-accumulates of all layers."""
        return sum(layer.repeat * layer.macs for layer in self.layers)

    @property
    def amount(self) -> int:
        """What shares of the workload are of, in the unit `counted`."""
        return sum(layer.repeat * layer.amount for layer in self.layers)

    @property
    def counted(self) -> str:
        """Unit of `amount`: MACs; elements of results, for layers without any; or both together."""
        has = {bool(layer.macs) for layer in self.layers}
        return " and ".join(unit for unit, macs in (("MACs", True), ("elements", False)) if macs in has)

    @property
    def weights(self) -> int:
        """Parameters of the layers alone."""
        return sum(layer.repeat * layer.parameters for layer in self.layers)

    @property
    def parameters(self) -> int:
        """Parameters, those of no layer included."""
        return self.weights + sum(self.other_parameters.values())

    def to_dict(self) -> dict[str, Any]:
        """Return the workload as its YAML holds it, all sizes being numbers."""
        return {
            "name": self.name,
            "description": self.description,
            "source": self.source,
            "sizes": dict(self.sizes),
            "layers": [layer.document() | self.wires.get(layer.name, Wires()).document() for layer in self.layers],
            "other_parameters": dict(self.other_parameters),
            "not_counted": list(self.not_counted),
        }


def parse_workload(raw: Any, name: str, thing: str, sizes: Mapping[str, int] | None = None) -> Workload:
    """Return the workload that a mapping describes, as a YAML file holds it.

    Parameters
    ----------
    raw
        The keys `name`, `description`, `source` (texts), `sizes` (names and their defaults), `layers` (a list, each
        with `name`, `type` and the fields of that type, as numbers or expressions of sizes, and where it does not read
        the layer before it `inputs`, where results are added to its own `merges`: lists of names, an empty one where a
        layer reads nothing that others make), `other_parameters` (names and counts) and `not_counted` (a list of
        texts); `layers` alone must be there.
    name
        What it is called where it does not say so.
    thing
        The file, for messages.
    sizes
        Values to use instead of the defaults.

    Raises
    ------
    InputError
        Where something is missing, unknown or out of its range; names the layer.
    """
    if not isinstance(raw, Mapping):
        raise must(thing, "hold keys and values, layers among them", raw)
    for key in raw:
        if key not in _KEYS:
            raise must(f"{thing} keys", f"be {', '.join(_KEYS[:-1])} or {_KEYS[-1]}", key)
    chosen = _sizes(raw.get("sizes"), sizes or {}, thing)
    layers, wires = _layers(raw.get("layers"), chosen, thing)
    other = {
        key: _number(value, chosen, f"{thing} other_parameters {key}")
        for key, value in _mapping(raw.get("other_parameters"), f"{thing} other_parameters").items()
    }
    words = raw.get("not_counted") or []
    if not isinstance(words, list) or not all(isinstance(word, str) for word in words):
        raise must(f"{thing} not_counted", "be a list of texts", words)
    description, source = (_text(raw, key, thing) for key in ("description", "source"))
    called = _text(raw, "name", thing) or name
    return Workload(called, description, source, chosen, layers, other, tuple(words), wires)


def _text(raw: Mapping[str, Any], key: str, thing: str) -> str:
    """Return a text, empty where there is none."""
    value = raw.get(key, "")
    if not isinstance(value, str):
        raise must(f"{thing} {key}", "be a text", value)
    return " ".join(value.split())


def _mapping(value: Any, thing: str) -> Mapping[str, Any]:
    """Return a mapping with texts as keys; an empty one for nothing."""
    if value is None:
        return {}
    if not isinstance(value, Mapping) or not all(isinstance(key, str) for key in value):
        raise must(thing, "hold names and numbers", value)
    return value


def _number(value: Any, sizes: Mapping[str, int], thing: str) -> int:
    """Return a count of parameters, given as a number or an expression."""
    number = evaluate(value, sizes, thing) if isinstance(value, str) else value
    if type(number) is not int or not 0 <= number <= _MOST_PARAMETERS:
        raise must(thing, "be an integer of at least 0", number)
    return number


def _sizes(raw: Any, given: Mapping[str, int], thing: str) -> dict[str, int]:
    """Return the sizes: the defaults, and what was given instead."""
    defaults = dict(_mapping(raw, f"{thing} sizes"))
    for name in defaults:
        if not name.isidentifier():
            raise must(f"{thing} sizes", "have names of letters, digits and _", name)
    for name in given:
        if name not in defaults:
            known = f"it has {', '.join(defaults)}" if defaults else "it has none"
            raise InputError(f"{thing} has no size {name!r}; {known}")
    found = defaults | dict(given)
    for name, value in found.items():
        if type(value) is not int or value < 1:
            raise must(f"{thing} size {name}", "be an integer of at least 1", value)
    return found


def _layers(raw: Any, sizes: Mapping[str, int], thing: str) -> tuple[tuple[Layer, ...], dict[str, Wires]]:
    """Return the layers of a list, and the wires of those that say them."""
    if not isinstance(raw, list) or not raw:
        raise must(f"{thing} layers", "be a list of at least one layer", raw)
    things = [f"{thing} layer {_called(entry, at)}" for at, entry in enumerate(raw, 1)]
    layers = tuple(_layer(entry, sizes, called) for entry, called in zip(raw, things, strict=True))
    seen: set[str] = set()
    for layer in layers:
        if layer.name in seen:
            raise must(f"{thing} layers", "have names of their own, each once", layer.name)
        seen.add(layer.name)
    given = zip(layers, map(parse_wires, raw, things), strict=True)
    wires = {layer.name: own for layer, own in given if own != Wires()}
    check_wires(layers, wires, thing)
    return layers, wires


def _called(entry: Any, at: int) -> str:
    """Return what a layer is called in messages: its name, or its number where it has none."""
    name = entry.get("name") if isinstance(entry, Mapping) else None
    return name if isinstance(name, str) and name else str(at)


def _layer(entry: Any, sizes: Mapping[str, int], thing: str) -> Layer:
    """Return one layer."""
    if not isinstance(entry, Mapping) or not all(isinstance(key, str) for key in entry):
        raise must(thing, "hold keys and values, name and type among them", entry)
    kind = entry.get("type")
    if not isinstance(kind, str) or kind not in _TYPES:
        *others, last = _TYPES
        raise must(f"{thing} type", f"be {', '.join(others)} or {last}", kind)
    fields = {
        key: value if key in _TEXTS else _resolved(value, sizes, f"{thing} {key}")
        for key, value in entry.items()
        if key not in ("type", "inputs", "merges")
    }
    try:
        return _TYPES[kind].parse(fields)
    except InputError as error:
        raise InputError(f"{thing}: {error}") from None


def _resolved(value: Any, sizes: Mapping[str, int], thing: str) -> Any:
    """Return a field with its expressions replaced by numbers."""
    if isinstance(value, list):
        return [_resolved(part, sizes, thing) for part in value]
    return evaluate(value, sizes, thing) if isinstance(value, str) and value not in _WORDS else value
