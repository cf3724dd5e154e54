"""The tasks of tiers 1 and 2: what they are called, what determines them, and what each needs to know."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from ...generators.spec import Spec
from ...hdl.gate_equivalents import gate_equivalents
from ...hdl.liberty import load_library
from ...hdl.yosys import yosys_version
from ..engine.task import Task
from ..space.document import Recipe, Space
from .keys import address, code_digest, file_digest, point_id

__all__ = ["FPGA", "RTL", "SYNTH", "Jobs"]

SYNTH = "rtloom.dse.explore.synthesis:synthesise_point"
FPGA = "rtloom.dse.explore.synthesis:synthesise_fpga"
RTL = "rtloom.dse.explore.simulation:simulate_point"
LANES = 16
"""Jobs with operands of their own that gate-level simulation takes at once."""
GLITCH_CYCLES = 24
"""Cycles that are simulated with delays, for the glitch factor."""


@dataclass(frozen=True)
class Jobs:
    """Makes the tasks of a space's points.

    Parameters
    ----------
    space
        Technology, recipes and data.
    """

    space: Space

    def of(self, spec: Spec) -> dict[str, Any]:
        """Return what a point is, as payloads and keys hold it."""
        return {"family": spec.family.name, "params": spec.params.to_dict()}

    def synthesis(self, spec: Spec, recipe: Recipe) -> Task:
        """Return the synthesis of a point by a recipe (tier 1)."""
        payload = self.of(spec) | {"recipe": recipe.to_dict(), "liberty": list(self.space.liberty)}
        return self._task(SYNTH, spec, payload, {"library": self._library})

    def fpga(self, spec: Spec) -> Task:
        """Return the synthesis of a point for the space's FPGA (tier 1)."""
        return self._task(FPGA, spec, self.of(spec) | {"target": self.space.fpga}, {})

    def simulation(self, spec: Spec, recipe: Recipe) -> Task:
        """Return the simulation of a point's RTL and of its netlist by a recipe (tier 2)."""
        payload = self.of(spec) | {
            "recipe": recipe.to_dict(),
            "liberty": list(self.space.liberty),
            "node": self.space.node,
            "data": self.space.data,
            "tensors": self.space.tensors,
            "kept": self.space.kept,
            "seed": self.space.searched.seed,
            "lanes": LANES,
            "glitch_cycles": GLITCH_CYCLES,
        }
        tensors = file_digest(self.space.tensors) if self.space.tensors else None
        return self._task(RTL, spec, payload, {"library": self._library, "tensors": tensors})

    @cached_property
    def _library(self) -> str:
        library = load_library(self.space.liberty) if self.space.liberty else gate_equivalents()
        return library.sha256

    @cached_property
    def _tools(self) -> dict[str, str]:
        return {"yosys": yosys_version(), "code": code_digest()}

    def _task(self, kind: str, spec: Spec, payload: Mapping[str, Any], files: Mapping[str, Any]) -> Task:
        """Return a task whose key has the content of files instead of their paths, the tools, and the code."""
        plain = {name: value for name, value in payload.items() if name not in ("liberty", "tensors")}
        key = address({"kind": kind, **plain, **files, **self._tools})
        return Task(key, kind, point_id(spec.family.name, spec.params.to_dict()), payload)
