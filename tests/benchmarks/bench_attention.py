"""Figures of the attention family's cycles and memory: equality, utilisation, cycles a tile beside FuseMax, storage."""

from typing import Any

import numpy as np

import rtloom
from rtloom.errors import CheckError
from rtloom.figures import Figure
from rtloom.generators.attention.params import AttentionParams
from rtloom.generators.attention.scales import logit_scale
from rtloom.generators.attention.storage import storage_bits
from rtloom.generators.design import emit_design
from rtloom.generators.spec import Spec
from rtloom.hdl.synth import synthesize
from rtloom.verif.simulate import Report

from .equality import equality

SEED = 2026
RANDOM_DESIGNS = 52
DATA = ("random", "corners", "rising", "dominating", "equal", "alternating")
ENGINE = "attention-16x64-int8"
LEAST = {4096: 0.97, 256: 0.90}
"""Least utilisation by length."""

SIDES = (16, 32)
"""Rows and multipliers of a row in the square arrays that are compared."""
SHORT, LONG = 256, 512
MILLION = 1 << 20
LENGTHS, LONGEST = 60, 4096
NETLIST = "the netlist of 2 rows by 16 elements"
"""One for both lengths."""
SOURCE = "rtl-sim, equal to the formula and to golden"


def figures() -> dict[str, Figure]:
    """Return all figures of this file; whatever differs from golden, from the formula or misses its bar raises."""
    equal = equality("attention", "attention", DATA, RANDOM_DESIGNS)
    return {**equal, **_lengths(), **_utilisations(), **_tiles(), **_storage()}


def _lengths() -> dict[str, Figure]:
    """Run random numbers of queries and keys on one netlist, half of them with a causal mask."""
    spec = rtloom.load("attention-small", max_length=LONGEST)
    rng = np.random.default_rng(SEED)
    lengths = rng.integers(1, LONGEST, LENGTHS, endpoint=True)
    for at, keys in enumerate(lengths.tolist()):
        queries = int(rng.integers(1, 5))
        masks = {"causal": True} if at % 2 and queries <= keys else {}
        rtloom.simulate(spec, "attention", check=True, **_tensors(spec, queries, keys, seed=at), **masks)
    what = f"random lengths of {lengths.min()} to {lengths.max()} keys on one small netlist"
    return {f"{what}, equal to golden, cycles equal to the formula": Figure(LENGTHS, "runs", "rtl-sim")}


def _tensors(spec: Spec, queries: int, keys: int, seed: int = SEED) -> dict[str, Any]:
    """Return random operands of one head, scores spread over some octaves."""
    params, rng = AttentionParams.parse(spec.params.to_dict()), np.random.default_rng(seed)
    q = rng.integers(-128, 128, (queries, params.e))
    k, v = (rng.integers(-128, 128, (keys, size)) for size in (params.e, params.f))
    multiplier, shift = logit_scale(params, 2 / (74**2 * params.e**0.5))
    return {"q": q, "k": k, "v": v, "scale_multiplier": multiplier, "scale_shift": shift}


def _run(spec: Spec, queries: int, keys: int) -> Report:
    """Run one head and compare."""
    return rtloom.simulate(spec, "attention", check=True, **_tensors(spec, queries, keys))[1]


def _utilisations() -> dict[str, Figure]:
    """Run whole heads: as many queries as keys, or a task of them."""
    found: dict[str, Figure] = {}
    for rows, lanes, queries, keys in ((16, 16, 256, 256), (16, 16, 32, 4096), (32, 16, 64, 4096)):
        spec = rtloom.load(ENGINE, rows=rows, e_lanes=lanes, f_lanes=lanes)
        report = _run(spec, queries, keys)
        what = (
            f"attention of {queries} queries over {keys} keys, e = f = 64, {rows} rows of {lanes} + {lanes} multipliers"
        )
        if report.utilisation < LEAST[keys]:
            raise CheckError(f"{what} must use {LEAST[keys]:.0%} of its multipliers, but uses {report.utilisation:.1%}")
        found[f"{what}, cycles"] = Figure(report.cycles, "cycles", SOURCE)
        found[f"{what}, utilisation"] = Figure(100 * report.utilisation, "%", "rtl-sim")
    return found


def _tiles() -> dict[str, Figure]:
    """Measure what S more keys cost S rows, on arrays of S x S multipliers, beside the published formulas."""
    found: dict[str, Figure] = {}
    for side in SIDES:
        what = f"tile of {side} queries and {side} keys, {side}x{side} multipliers, e = f = 64"
        size = {"rows": side, "e_lanes": side // 2, "f_lanes": side // 2}
        cycles = {
            kind: _tile_cycles(rtloom.load(ENGINE, **size, softmax=kind), side) for kind in ("online", "three_pass")
        }
        e = f = 64
        fusemax = max(e + 1, 1 + f + f / (LONG / side)) + 9 + f
        if cycles["online"] > fusemax:
            raise CheckError(f"{what} must take at most {fusemax} cycles, but takes {cycles['online']}")
        found |= {
            f"{what}, online": Figure(cycles["online"], "cycles", f"rtl-sim, {LONG} against {SHORT} keys"),
            f"{what}, three passes over K": Figure(
                cycles["three_pass"], "cycles", f"rtl-sim, {LONG} against {SHORT} keys"
            ),
            f"{what}, FuseMax's formula": Figure(
                fusemax, "cycles", "max(E+1, 1+F+F/M1) + 9 + F, Nayak et al., MICRO 2024"
            ),
            f"{what}, three-pass baseline's formula": Figure(
                max(4 * side, e + f), "cycles", "max(4S, E+F), after FLAT"
            ),
            f"{what}, three passes over online": Figure(cycles["three_pass"] / cycles["online"], "x", "rtl-sim"),
        }
    return found


def _tile_cycles(spec: Spec, side: int) -> float:
    """Return what each further tile of keys costs."""
    long, short = (_run(spec, side, keys).cycles for keys in (LONG, SHORT))
    return (long - short) / ((LONG - SHORT) / side)


def _storage() -> dict[str, Figure]:
    """Run a thousand and a million keys on one netlist; count its storage and what the formula says."""
    found: dict[str, Figure] = {}
    spec = rtloom.load("attention-small", e_lanes=16, f_lanes=16, max_length=MILLION, weight_bits=16)
    params = AttentionParams.parse(spec.params.to_dict())
    for keys in (1024, MILLION):
        report = _run(spec, params.rows, keys)
        label = f"attention of {params.rows} queries over {keys} keys on {NETLIST}, cycles"
        found[label] = Figure(report.cycles, "cycles", SOURCE)
    design = emit_design(spec)
    report = synthesize(design.verilog, design.manifest.top)
    found[f"flip-flops of {NETLIST}"] = report["flip_flops"]
    found[f"memories of {NETLIST}"] = report["memory_macros"]
    return (
        found | _stores(NETLIST, params) | _stores(ENGINE, AttentionParams.parse(rtloom.load(ENGINE).params.to_dict()))
    )


def _stores(name: str, params: AttentionParams) -> dict[str, Figure]:
    """Return the stores by the formula."""
    return {f"storage of {name}, {part}": Figure(bits, "bit", "exact") for part, bits in storage_bits(params).items()}
