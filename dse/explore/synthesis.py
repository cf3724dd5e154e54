"""Tier 1 of a point: real synthesis of its Verilog."""

from collections.abc import Mapping
from typing import Any

from ...generators.area_groups import AREA_GROUPS
from ...generators.design import emit_design
from ...generators.spec import load
from ...hdl.synth import synthesize

__all__ = ["synthesise_fpga", "synthesise_point"]


def synthesise_point(payload: Mapping[str, Any]) -> dict[str, Any]:
    """Synthesise a point to gates.

    Parameters
    ----------
    payload
        `family`, `params`, `recipe`, and the `liberty` files (none: the built-in gate equivalents).

    Returns
    -------
    dict
        `figures` as `SynthReport` has them, `groups` and `shares` of the area, `memories` and `recipe` in words.
    """
    spec = load({"family": payload["family"], "params": payload["params"]})
    design = emit_design(spec, "axi")
    groups = AREA_GROUPS.get(spec.family.name, {})
    report = synthesize(
        design.verilog, design.manifest.top, liberty=payload["liberty"], groups=groups, **payload["recipe"]
    ).to_dict()
    kept = ("figures", "groups", "shares", "memories", "recipe", "tool", "library", "notes")
    return {name: report[name] for name in kept}


def synthesise_fpga(payload: Mapping[str, Any]) -> dict[str, Any]:
    """Synthesise a point for an FPGA; returns the `figures`, one for each kind of block."""
    spec = load({"family": payload["family"], "params": payload["params"]})
    design = emit_design(spec, "axi")
    report = synthesize(design.verilog, design.manifest.top, payload["target"]).to_dict()
    return {name: report[name] for name in ("figures", "recipe", "tool")}
