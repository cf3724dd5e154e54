"""Energy of jobs on a synthesised design, from a simulation of its gates with the jobs' own data."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...errors import must
from ...figures import Figure
from ...generators.design import Design, emit_design
from ...generators.family import Job
from ...generators.spec import Spec, load
from ...hdl.synth_memory import MACRO_BITS
from ...hdl.synth_netlist import synthesize_netlist
from ...hdl.synth_report import SynthReport
from ...sim.native import NativeModel
from ..technology import Technology
from .costs import GATES, KINDS, Costs, Energies, costs
from .energy_report import PICO, EnergyReport
from .flat import flat_netlist
from .plan import Plan, plan
from .replay import replay
from .simulator import GateSimulator
from .stimulus import stimulus

__all__ = ["EnergyReport", "GateDesign", "measure_energy", "prepare"]

GLITCH_CYCLES = 16


@dataclass(frozen=True)
class GateDesign:
    """A design synthesised and ready to be measured with any number of jobs.

    Parameters
    ----------
    spec, technology
        What it is.
    report
        Of the synthesis.
    design
        Its Verilog and manifest.
    plan, costs
        Its netlist in the order of evaluation, and what its transitions cost.
    model
        The RTL, which tells when each beat moves.
    """

    spec: Spec
    technology: Technology
    report: SynthReport
    design: Design
    plan: Plan
    costs: Costs
    model: NativeModel

    @property
    def clock_hz(self) -> float:
        """Clock that the logic depth allows, without wires: one over levels times the delay of a level."""
        depth = max(self.report["depth"].value, 1.0)
        return 1e12 / (depth * self.technology.level_delay_ps)

    def measure(
        self, jobs: Sequence[Job], *, glitch_cycles: int = GLITCH_CYCLES, clock_hz: float | None = None
    ) -> EnergyReport:
        """Simulate jobs side by side and return what they take.

        The energy of a transition is that inside the driving cell, half of C V^2 of the pins that the net drives, and
        what liberty counts at those pins; there are no wires and there is no clock tree. Transitions are counted from
        the first cycle after reset to the one in which the job's last output is taken, with gates that take no time.

        The glitch factor says what that leaves out: energy of all transitions of gates' outputs when every gate takes
        one unit of time, over the same with gates that take none, both in `glitch_cycles` cycles spread over the jobs.
        The energy of gates is multiplied by it, that of each module label by the label's own factor.

        Parameters
        ----------
        jobs
            1 to 64 jobs of one shape, as ``spec.family.lower`` gives them; 64 take as long as one.
        glitch_cycles
            Cycles with delays; with 0 glitches are left out.
        clock_hz
            Clock for power and leakage; `clock_hz` of the design if not given.

        Raises
        ------
        InputError
            There are no jobs or too many, or another number is out of its range.
        CheckError
            The netlist differs from the RTL in any cycle.
        """
        if glitch_cycles < 0:
            raise must("Energy glitch_cycles", "be 0 or more", glitch_cycles)
        clock = self.clock_hz if clock_hz is None else clock_hz
        if not clock > 0:
            raise must("Energy clock", "be more than 0 Hz", clock_hz)
        runs = [self.model.run(job.inputs, job.outputs) for job in jobs]
        began = time.perf_counter()
        waves = stimulus(self.design.manifest, jobs, runs)
        simulator = replay(self.plan, self.design.manifest, waves, min(glitch_cycles, waves.cycles))
        return _Account(self, simulator, len(jobs), sum(job.work for job in jobs), clock).report(
            time.perf_counter() - began
        )


class _Account:
    """Turns counts into joules."""

    def __init__(self, of: GateDesign, simulator: GateSimulator, jobs: int, work: int, clock: float) -> None:
        self.of, self.simulator, self.jobs, self.work, self.clock = of, simulator, jobs, work, clock
        self.flat, self.costs, self.counts = of.plan.flat, of.costs, simulator.counts

    def report(self, seconds: float) -> EnergyReport:
        """Return the report."""
        labels = len(self.flat.labels)
        split = {kind: self._by_label(self.counts.toggles, place) for place, kind in enumerate(KINDS)}
        factors, whole = self._glitches(split[KINDS[GATES]])
        split[KINDS[GATES]] = split[KINDS[GATES]] * factors
        split["clock"] = self.costs.clocked(self.counts)
        split["leakage"] = self.costs.leakage * (self.counts.lane_cycles / self.clock)
        together = sum(split.values(), np.zeros(labels)) / self.jobs
        return EnergyReport(
            design=self.of.spec.name,
            technology=self.of.technology.name,
            recipe=self.of.report.recipe,
            figures=self._figures(float(together.sum()), whole),
            kinds={kind: float(energies.sum()) / self.jobs for kind, energies in split.items()},
            labels={name: float(joules) for name, joules in zip(self.flat.labels, together, strict=True)},
            macs=self.work // self.jobs,
            jobs=self.jobs,
            cells=self.flat.cells,
            macro_accesses=self._accesses(),
            notes=self._notes(),
            seconds=seconds,
        )

    def _by_label(self, toggles: NDArray[np.int64], driver: int) -> Energies:
        """Return joules of transitions by label, of nets with that kind of driver."""
        energies = toggles[self.of.plan.place] * self.costs.nets * (self.costs.drivers == driver)
        total: Energies = np.bincount(self.costs.labels, energies, minlength=len(self.flat.labels)).astype(np.float64)
        return total

    def _glitches(self, fallback: Energies) -> tuple[Energies, float | None]:
        """Return the glitch factor of each label, and of all together; None where no delays were simulated."""
        if not self.counts.sampled_cycles:
            return np.ones_like(fallback), None
        quiet, loud = (self._by_label(counts, GATES) for counts in (self.counts.sampled, self.counts.delayed))
        whole = float(loud.sum() / quiet.sum()) if quiet.sum() else 1.0
        return np.divide(loud, quiet, out=np.full_like(quiet, whole), where=quiet > 0), whole

    def _figures(self, joules: float, factor: float | None) -> dict[str, Figure]:
        """Return the figures of the whole design."""
        glitches = "glitches left out" if factor is None else f"x glitch factor {factor:.2f} (unit delays)"
        source = f"gate-sim {self.of.technology.source}, zero delay {glitches}, pre-layout"
        cycles, unit = self.counts.lane_cycles / self.jobs, self.of.spec.family.work_unit
        figures = {
            "energy": Figure(joules * PICO, "pJ", source),
            "energy_per_mac": Figure(joules * PICO * self.jobs / max(self.work, 1), f"pJ/{unit}", source),
            "power": Figure(1e3 * joules * self.clock / cycles, "mW", source),
            "leakage": Figure(1e3 * float(self.costs.leakage.sum()), "mW", source),
            "cycles": Figure(cycles, "cycles", "rtl-sim"),
            "clock": Figure(
                self.clock, "Hz", f"{self.of.report['depth'].source}, {self.of.technology.node.source} delay"
            ),
        }
        if not self.work:
            del figures["energy_per_mac"]
        if factor is not None:
            figures["glitch_factor"] = Figure(factor, "x", f"{source}, {self.counts.sampled_cycles} cycles")
        return figures

    def _accesses(self) -> dict[str, tuple[float, float]]:
        """Return reads and writes a job of each memory macro."""
        return {
            model.cell.name: (model.read_count / self.jobs, model.write_count / self.jobs)
            for model in self.simulator.memories
        }

    def _notes(self) -> tuple[str, ...]:
        """Say what is left out."""
        notes = ["energy: cells before placement; no wires, no clock tree, no buffers for nets between modules"]
        if self.simulator.memories:
            notes.append(
                f"energy: {len(self.simulator.memories)} memory macros are left out, their accesses are counted"
            )
        if not self.counts.sampled_cycles:
            notes.append("energy: glitches are left out")
        return tuple(notes)


def prepare(
    spec: Spec | str | Mapping[str, Any],
    technology: Technology,
    *,
    flatten: bool | None = None,
    booth: bool = True,
    goal: str = "area",
    clock_gating: bool = False,
    macro_bits: int = MACRO_BITS,
    interface: str = "stream",
    time_limit: float = 1800.0,
) -> GateDesign:
    """Synthesise a design and make it ready to be measured.

    Parameters
    ----------
    spec, technology
        What, and of which cells.
    flatten, booth, goal, clock_gating, macro_bits, time_limit
        As `rtloom.hdl.synth.synthesize` has them.
    interface
        ``axi`` or ``stream``.

    Raises
    ------
    InputError, ToolError, CheckError
        As `synthesize` and `plan`.
    """
    loaded = load(spec)
    design = emit_design(loaded, interface)
    report, netlist = synthesize_netlist(
        design.verilog,
        design.manifest.top,
        liberty=technology.liberty,
        flatten=flatten,
        booth=booth,
        goal=goal,
        clock_gating=clock_gating,
        macro_bits=macro_bits,
        time_limit=time_limit,
    )
    flat = flat_netlist(netlist, technology.library)
    flip_flops = {name: cell.flip_flop for name, cell in technology.power.cells.items() if cell.flip_flop}
    planned = plan(flat, technology.library, flip_flops, design.manifest.clock)
    clock = int(flat.ports[design.manifest.clock].nets[0])
    model = NativeModel(design.verilog, design.manifest)
    return GateDesign(loaded, technology, report, design, planned, costs(flat, technology, clock), model)


def measure_energy(
    spec: Spec | str | Mapping[str, Any],
    technology: Technology,
    jobs: Sequence[Job],
    *,
    glitch_cycles: int = GLITCH_CYCLES,
    clock_hz: float | None = None,
    **recipe: Any,
) -> EnergyReport:
    """Synthesise a design, simulate its gates with these jobs and return what they take.

    Parameters
    ----------
    spec, technology
        What, and of which cells.
    jobs, glitch_cycles, clock_hz
        As `GateDesign.measure`.
    **recipe
        As `prepare`.
    """
    return prepare(spec, technology, **recipe).measure(jobs, glitch_cycles=glitch_cycles, clock_hz=clock_hz)
