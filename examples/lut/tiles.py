"""The tiles that the demo runs and compares: table lookup, and multipliers doing as much one-bit work."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, cast

import rtloom
from rtloom.errors import must
from rtloom.generators.lut.params import LutParams

__all__ = ["WEIGHT_FORMATS", "Tile", "compared_tiles", "lut_tile"]

WEIGHT_FORMATS = ("ternary", "int2", "int4")
# What only lookup has, or only the epilogue: a design without them is refused anything but the defaults.
LOOKUP_ONLY = ("table", "precompute", "table_scale", "planes", "packed_ternary")
EPILOGUE_ONLY = ("output_format", "multiplier_bits")


@dataclass(frozen=True)
class Tile:
    """A design with what it is compared as.

    Parameters
    ----------
    unit
        ``LUT`` or ``MAC``.
    weights
        Format of the weights that the tile multiplies with; an int8 one takes narrower ones as well.
    spec
        The design.
    """

    unit: str
    weights: str
    spec: rtloom.Spec

    @property
    def params(self) -> LutParams:
        """The design's parameters."""
        return cast("LutParams", self.spec.params)

    @property
    def shape(self) -> str:
        """M, N and K of what it multiplies at once, as in ``M2N32K8``."""
        return f"M{self.params.m}N{self.params.n}K{self.params.step}"

    @property
    def planes(self) -> str:
        """How many planes of a weight it takes at once, as in ``1 of 2``; multipliers take ``all``."""
        return "all" if self.unit == "MAC" else f"{self.params.planes} of {self.params.code.count}"

    @property
    def macs_per_cycle(self) -> float:
        """Multiply-accumulates that it can do in one cycle."""
        return float(self.spec.family.peak(self.spec.params))


def lut_tile(spec: Any, weights: str) -> Tile:
    """Return a tile for layers with weights of a format, its epilogue switched on.

    Parameters
    ----------
    spec
        A design of the LUT family with int8 activations and results; its weight format is replaced.
    weights
        Format of the weights.

    Raises
    ------
    InputError
        Where the design cannot run such layers.
    """
    base = rtloom.load(spec)
    if base.family.name != "lut":
        raise must("Demo spec", "be of the family lut", base.family.name)
    plain = base.params.to_dict()
    needed = {"unit": "lut", "a_format": "int8", "output_format": "int8", "group": None}
    for name, value in needed.items():
        if plain[name] != value:
            raise must(f"Demo spec {name}", f"be {'null' if value is None else value}", plain[name])
    whole = base.replace(weight_format=weights, addend="bias", requantize=True, activation="relu")
    return _named("LUT", weights, whole)


def compared_tiles(tiles: Sequence[Tile]) -> list[Tile]:
    """Return what tiles are compared as, all without bias and requantisers, which cost every tile the same.

    For each tile: itself; with all planes of a weight at once, so that it does what multipliers do in a cycle; and with
    multipliers as wide as the weights. At last multipliers for int8 weights, in a shape that suits them better: half
    the columns with sums twice as long (within 1 % of the area of M8N4K16, and sooner synthesised). All do as much
    one-bit work, m * n * k * lookup, or more, and sum up as long a reduction.
    """
    compared = []
    for tile in tiles:
        bare = tile.spec.replace(addend="none", requantize=False, activation="none", **_defaults(EPILOGUE_ONLY))
        planes = sorted({tile.params.planes, tile.params.code.count})
        multipliers = bare.replace(unit="mac", **_defaults(LOOKUP_ONLY))
        compared += [_named("LUT", tile.weights, bare.replace(planes=count)) for count in planes]
        compared.append(_named("MAC", tile.weights, multipliers))
    base = compared[-1].params
    halves = 2 if base.n % 2 == 0 else 1
    shape = {"n": base.n // halves, "k": base.k * halves, "segments": None}
    return [*compared, _named("MAC", "int8", compared[-1].spec.replace(weight_format="int8", **shape))]


def _defaults(names: Sequence[str]) -> dict[str, Any]:
    """Return the defaults of some parameters."""
    return {name: LutParams.model_fields[name].default for name in names}


def _named(unit: str, weights: str, spec: rtloom.Spec) -> Tile:
    """Give a design a short name; its parameters stand in the Verilog file and its manifest."""
    tile = Tile(unit, weights, spec)
    words = ["lut", *(["mac"] if unit == "MAC" else []), tile.shape.lower(), weights]
    return replace(tile, spec=replace(spec, name="-".join(words), description=""))
