"""Tier 2 of a point: its RTL against golden and formula, and its netlist's energy on the same kind of data."""

from collections.abc import Mapping
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from ...errors import InputError, must
from ...generators.spec import Spec, load
from ...verif.simulate import simulate
from ..accuracy import FAMILIES, WEIGHTS, quantised
from ..gate_level.cycles import per_cycle
from ..gate_level.data import tensors
from ..gate_level.energy import EnergyReport, GateDesign, prepare
from ..technology import technology
from ..tensors import read_tensors

__all__ = ["simulate_point"]

IDLE = "zero"
"""Kind of data of a design that has nothing to do: its clock and its control run on."""


def simulate_point(payload: Mapping[str, Any]) -> dict[str, Any]:
    """Simulate a point: a job in Verilator, checked, then jobs of the same kind on the gates.

    Parameters
    ----------
    payload
        `family`, `params`, `recipe`, `liberty`, `node`, `data`, `tensors`, `kept`, `seed`, `lanes` and `glitch_cycles`.

    Returns
    -------
    dict
        `rtl` (what was simulated and equal to golden, its cycles and those of the formula), `busy` and `idle` as
        `EnergyReport` has them, and `busy_joules`, `idle_joules`: energy of a cycle in which all multipliers work, and
        of one in which none does.

    Raises
    ------
    CheckError
        Where results differ from golden, cycles from their formula, or the netlist from the RTL in any cycle.
    """
    spec = load({"family": payload["family"], "params": payload["params"]})
    operation, operands = _operands(spec, payload["data"], payload["seed"], payload)
    _, report = simulate(spec, operation, interface="stream", check=True, **operands)
    design = prepare(spec, technology(payload["liberty"], payload["node"]), **payload["recipe"])
    busy = _measure(design, payload, payload["data"])
    idle = _measure(design, {**payload, "tensors": None}, IDLE)
    busy_joules, idle_joules = per_cycle(busy, spec.family.peak(spec.params), idle)
    return {
        "rtl": report.to_dict(),
        "busy": busy.to_dict(),
        "idle": idle.to_dict(),
        "busy_joules": busy_joules,
        "idle_joules": idle_joules,
        "delay_levels": design.report["depth"].to_dict(),
    }


def _operands(spec: Spec, kind: str, seed: int, payload: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
    """Return a job's operation and tensors: random ones, or parts of those that are given, quantised as a whole.

    Which weights of a sparse design are 0 follows from `kept`; of given tensors it takes `a` alone.
    """
    given, params = payload["tensors"], cast("Any", spec.params)
    sparse = spec.family.name == "sparse"
    operation, operands = tensors(spec, kind, seed, (payload["kept"] or params.block) if sparse else None)
    if given is None:
        return operation, operands
    if spec.family.name not in FAMILIES:
        raise InputError(f"Space tensors must be left out for the family {spec.family.name}")
    second, files, rng = FAMILIES[spec.family.name], read_tensors(given), np.random.default_rng(seed)
    formats = {"a": params.a_format} | ({} if sparse else {second: getattr(params, WEIGHTS[spec.family.name])})
    for name, form in formats.items():
        if name not in files or files[name].ndim != 2:
            raise must(f"Tensor file {given}", f"hold a matrix {name!r}", sorted(files))
        whole, _ = quantised(files[name].astype(np.float64), form)
        operands[name] = _part(whole, np.shape(operands[name]), rng)
    return operation, operands


def _part(whole: NDArray[np.int64], shape: tuple[int, ...], rng: np.random.Generator) -> NDArray[np.int64]:
    """Return a part of a matrix that begins anywhere, and goes on at the other side where it ends."""
    rows, columns = (
        (np.arange(count) + rng.integers(0, size)) % size for count, size in zip(shape, whole.shape, strict=True)
    )
    return whole[np.ix_(rows, columns)]


def _measure(design: GateDesign, payload: Mapping[str, Any], kind: str) -> EnergyReport:
    """Return the energy of jobs with one kind of data."""
    jobs = []
    for lane in range(payload["lanes"]):
        operation, operands = _operands(design.spec, kind, payload["seed"] + lane, payload)
        jobs.append(design.spec.family.lower(design.spec.params, operation, **operands))
    return design.measure(jobs, glitch_cycles=payload["glitch_cycles"])
