"""The designs that an encoder layer runs on."""

from dataclasses import dataclass, replace
from typing import Any, cast

import rtloom
from rtloom.errors import must
from rtloom.generators.attention.params import AttentionParams

__all__ = ["Designs", "engine_spec", "layer_designs"]

SIZE = 16
"""Rows and columns of the systolic arrays."""
LANES = 8
"""Elements that the vector units take in a cycle."""


@dataclass(frozen=True)
class Designs:
    """One design for each kind of stage.

    Parameters
    ----------
    heads
        Attention that gives weighted means as they are.
    attention
        The same, requantised to int8.
    narrow, wide
        Systolic arrays with bias and requantisation, int8 operands and int8 or int16 results.
    adder
        The unit of rotary positions, used as an adder of int16 vectors with a factor for each element.
    norm
        Layer normalisation, int16 to int8.
    gelu
        GELU, int16 to int8.
    """

    heads: rtloom.Spec
    attention: rtloom.Spec
    narrow: rtloom.Spec
    wide: rtloom.Spec
    adder: rtloom.Spec
    norm: rtloom.Spec
    gelu: rtloom.Spec

    @property
    def all(self) -> tuple[rtloom.Spec, ...]:
        """All designs, in the order in which they are needed."""
        return (self.heads, self.narrow, self.attention, self.wide, self.adder, self.norm, self.gelu)

    @property
    def engine(self) -> AttentionParams:
        """Parameters of the engine that requantises."""
        return cast("AttentionParams", self.attention.params)


def engine_spec(spec: Any) -> rtloom.Spec:
    """Return an attention design with int8 Q, K, V and results and without group scales and given maxima.

    Raises
    ------
    InputError
        Where the design is another.
    """
    base = rtloom.load(spec)
    if base.family.name != "attention":
        raise must("Demo spec", "be of the family attention", base.family.name)
    plain = base.params.to_dict()
    for name in ("q_format", "kv_format", "output_format"):
        if plain[name] != "int8":
            raise must(f"Demo spec {name}", "be int8", plain[name])
    if plain["kv_scale_bits"] is not None:
        raise must("Demo spec kv_scale_bits", "be null", plain["kv_scale_bits"])
    if plain["softmax"] == "unified_max":
        raise must("Demo spec softmax", "be online or three_pass", plain["softmax"])
    return base


def layer_designs(base: rtloom.Spec, head: int) -> Designs:
    """Return the designs for an encoder layer.

    Parameters
    ----------
    base
        From `engine_spec`; heads become as long as the model's.
    head
        Elements of a head.
    """
    plain = base.params.to_dict()
    lanes = {name: _divisor(head, plain[name]) for name in ("e_lanes", "f_lanes")}
    width = f"attention-{plain['rows']}x{head}"
    sizes = {"e": head, "f": head, **lanes}
    return Designs(
        heads=_named(base.replace(**sizes, requantize=False, multiplier_bits=16), f"{width}-int8"),
        attention=_named(base.replace(**sizes, requantize=True), f"{width}-int8-layer"),
        narrow=_systolic("int8"),
        wide=_systolic("int16"),
        adder=_vector("rope", "adder", pairing="halves", output_format="int16"),
        norm=_vector("layernorm", "layernorm", gamma_format="int16"),
        gelu=_vector("gelu", "gelu"),
    )


def _divisor(size: int, most: int) -> int:
    """Return the largest divisor of a size up to `most`."""
    return max(lanes for lanes in range(1, most + 1) if size % lanes == 0)


def _systolic(output: str) -> rtloom.Spec:
    """Return an array whose results have that format."""
    params = {"rows": SIZE, "cols": SIZE, "bias": True, "requantize": True, "output_format": output}
    return rtloom.load({"family": "systolic", "name": f"systolic-{SIZE}x{SIZE}-{output}", "params": params})


def _vector(unit: str, title: str, **more: Any) -> rtloom.Spec:
    """Return a unit that takes int16."""
    params = {"unit": unit, "lanes": LANES, "input_format": "int16", **more}
    return rtloom.load({"family": "vector", "name": f"{title}-int16", "params": params})


def _named(spec: rtloom.Spec, name: str) -> rtloom.Spec:
    """Return a specification under a short name; the parameters stand in the Verilog file and its manifest."""
    return replace(spec, name=name, description="")
