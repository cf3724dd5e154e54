"""What travels from row to row and from row to softmax unit, as bundles of named bits."""

from collections.abc import Mapping

from amaranth.hdl import Cat, Value

from .params import AttentionParams

__all__ = ["WEIGHT_SHIFT_BITS", "Bundle", "key_flags", "score_bundle", "total_bundle", "value_flags"]

WEIGHT_SHIFT_BITS = 6
"""Bits of the distance by which sums are rescaled; no sum has as many bits as the longest distance."""


class Bundle:
    """Named fields of a flat vector, the first one lowest.

    Parameters
    ----------
    widths
        Bits of each field.
    """

    def __init__(self, widths: Mapping[str, int]) -> None:
        self.widths = {name: width for name, width in widths.items() if width}

    @property
    def width(self) -> int:
        """Bits of all fields together."""
        return sum(self.widths.values())

    def cut(self, vector: Value) -> dict[str, Value]:
        """Return the fields of a vector."""
        fields, at = {}, 0
        for name, width in self.widths.items():
            fields[name] = vector[at : at + width]
            at += width
        return fields

    def join(self, fields: Mapping[str, Value]) -> Value:
        """Return the vector of the fields, each taken to be as wide as it must."""
        vector: Value = Cat(fields[name][:width] for name, width in self.widths.items())
        return vector


def key_flags(params: AttentionParams) -> Bundle:
    """Return what goes with each word of a key.

    `go`: there is a word; `begin`, `end`: the first and last one of its key; `first`, `last`: of the key, in its task
    or stage; `stage`: of three passes.
    """
    stage = 2 if params.softmax == "three_pass" else 0
    return Bundle({"go": 1, "begin": 1, "end": 1, "first": 1, "last": 1, "stage": stage})


def value_flags() -> Bundle:
    """Return what goes one cycle ahead of each word of a value, with the meaning that `key_flags` has."""
    return Bundle({"go": 1, "begin": 1, "first": 1, "last": 1})


def score_bundle(params: AttentionParams) -> Bundle:
    """Return what a row gives to its softmax unit for each key."""
    return Bundle(
        {
            "valid": 1,
            "allowed": 1,
            "first": 1,
            "last": 1,
            "stage": 2 if params.softmax == "three_pass" else 0,
            "score": params.score_bits,
            "multiplier": params.scale_bits,
            "shift": params.shift_format.bits,
            "offset": params.maximum_format.bits if params.softmax == "unified_max" else 0,
        }
    )


def total_bundle(params: AttentionParams) -> Bundle:
    """Return what a softmax unit gives after a row's last key."""
    redo = int(params.softmax == "unified_max")
    return Bundle({"done": 1, "redo": redo, "maximum": params.maximum_format.bits, "sum": params.sum_bits})
