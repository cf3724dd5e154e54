"""Run the netlist that synthesis makes of a design on the design's own jobs, and compare it with golden."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ...errors import CheckError
from ...generators.design import emit_design
from ...generators.spec import Spec, load
from ...hdl.synth_netlist import synthesize_fpga_netlist
from ...hdl.synth_report import SynthReport
from ...sim.build import BuildOptions
from ...sim.native import NativeModel
from ..simulate import Report, check_run, report_run
from .models import cell_models

__all__ = ["NetlistReport", "check_netlist"]


@dataclass(frozen=True)
class NetlistReport:
    """What was compared: the netlist's size, and a report for each job, whose result and cycles were right."""

    synthesis: SynthReport
    jobs: tuple[Report, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return plain values, each figure with its source."""
        return {"synthesis": self.synthesis.to_dict(), "jobs": [job.to_dict() for job in self.jobs]}


def check_netlist(
    spec: str | Path | Spec | Mapping[str, Any],
    target: str,
    *,
    sizes: tuple[str, ...] = ("small", "ragged"),
    seed: int = 1,
    dsp: bool = True,
) -> NetlistReport:
    """Synthesise a design for an FPGA family and simulate its cells: results, framing and cycles must be golden's.

    Parameters
    ----------
    spec
        The design.
    target
        ``ice40``, ``ecp5`` or ``gowin``.
    sizes
        Jobs, as `Family.example` knows them.
    seed
        Of the tensors.
    dsp
        Whether multipliers go into DSP blocks.

    Raises
    ------
    InputError
        Where spec or target is wrong.
    CheckError
        The first wrong element, or the wrong number of cycles; a cell that has no model.
    ToolError
        Where a tool is missing or fails.
    """
    loaded = load(spec)
    models = cell_models(target)
    design = emit_design(loaded, "stream")
    synthesis, netlist = synthesize_fpga_netlist(design.verilog, design.manifest.top, target, dsp=dsp)
    model = NativeModel(models + netlist, design.manifest, BuildOptions(optimise=0))
    return NetlistReport(synthesis, tuple(_job(loaded, model, target, size, seed) for size in sizes))


def _job(spec: Spec, model: NativeModel, target: str, size: str, seed: int) -> Report:
    """Run one job and compare it."""
    operation, tensors = spec.family.example(spec.params, size, seed)
    job = spec.family.lower(spec.params, operation, **tensors)
    run = model.run(job.inputs, job.outputs)
    result, report = report_run(spec, operation, job, run, f"{spec.name} on {target}")
    check_run(spec, operation, tensors, job, run, result, None)
    if report.cycles != report.formula_cycles:
        raise CheckError(f"{report.design} must take {report.formula_cycles} cycles, not {report.cycles}")
    return report
