"""What ``rtloom workload`` says: a workload's layers and sums, and on a design its cycles and utilisation."""

from dataclasses import dataclass
from typing import Any

from .cycles import LayerRun, WorkloadRun
from .workloads.layers import Layer
from .workloads.workload import Workload

__all__ = ["WorkloadReport"]


@dataclass(frozen=True)
class WorkloadReport:
    """A workload, and what it takes on a design where one is given."""

    workload: Workload
    run: WorkloadRun | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return the report as JSON; counts of a layer are those of one of its repetitions."""
        workload = self.workload
        report: dict[str, Any] = {
            "report": "workload",
            "design": self.run.spec.name if self.run else None,
            **workload.to_dict(),
            "macs": workload.macs,
            "weights": workload.weights,
            "parameters": workload.parameters,
            "layers": [_layer(layer) for layer in workload.layers],
        }
        if self.run is None:
            return report
        report["layers"] = [_layer(done.layer) | _figures(done) for done in self.run.layers]
        some = bool(self.run.running)
        return report | {
            "cycles": self.run.cycles.to_dict() if some else None,
            "utilisation": self.run.utilisation.to_dict() if some else None,
            "covered": self.run.covered,
            "macs_run": sum(done.layer.repeat * done.layer.macs for done in self.run.running),
        }

    def __str__(self) -> str:
        """Return the sums in one line."""
        workload, run = self.workload, self.run
        work = _count(workload.macs, "MAC") if workload.macs else _count(workload.amount, workload.counted)
        text = f"{workload.name}: {work}, {_count(workload.parameters, 'parameters')}"
        if run is None:
            return text
        if not run.running:
            return f"{text}; {run.spec.name} runs none of its layers"
        text += f"; on {run.spec.name} {run.cycles}, {run.utilisation.value:.1f} % of its {run.spec.family.work} used"
        if run.missing:
            left = f"{100 * (1 - run.covered):.1f} % of the {workload.counted}"
            text += f"; without {len(run.missing)} of {len(run.layers)} layers, {left}"
        return text

    def table(self) -> list[tuple[str, ...]]:
        """Return the layers as rows of texts, the first row being the head."""
        head: tuple[str, ...] = ("layer", "type", "sizes", "times", "MACs", "parameters")
        rows = [head + (("cycles", "utilisation") if self.run else ())]
        for at, layer in enumerate(self.workload.layers):
            row: tuple[str, ...] = (layer.name, layer.kind, layer.sizes, str(layer.repeat))
            row += (f"{layer.repeat * layer.macs:,}", f"{layer.repeat * layer.parameters:,}")
            rows.append(row + (_cells(self.run.layers[at]) if self.run else ()))
        return rows

    def notes(self) -> list[str]:
        """Return what the table does not show, in sentences."""
        workload = self.workload
        other = (f"{name} {count:,}" for name, count in workload.other_parameters.items())
        notes = [f"Sizes: {', '.join(f'{name} {value}' for name, value in workload.sizes.items())}."] * bool(
            workload.sizes
        )
        notes += [f"Parameters besides: {', '.join(other)}."] * bool(workload.other_parameters)
        notes += [f"Not counted: {', '.join(workload.not_counted)}."] * bool(workload.not_counted)
        if self.run is not None:
            reasons: dict[str, list[str]] = {}
            for done in self.run.missing:
                reasons.setdefault(done.how, []).append(done.layer.name)
            notes += [f"Cannot run {', '.join(names)}: {reason}." for reason, names in reasons.items()]
        return notes


def _layer(layer: Layer) -> dict[str, Any]:
    """Return a layer and its counts."""
    operands = layer.operands
    return {
        **layer.document(),
        "repeat": layer.repeat,
        "macs": layer.macs,
        "parameters": layer.parameters,
        "elements": {"inputs": operands.inputs, "weights": operands.weights, "outputs": operands.outputs},
    }


def _figures(done: LayerRun) -> dict[str, Any]:
    """Return what a layer takes on the design, or why it cannot run."""
    if done.cycles is None:
        return {"cycles": None, "utilisation": None, "reason": done.how}
    return {"jobs": done.how, "cycles": done.figure.to_dict(), "utilisation": done.utilisation.to_dict()}


def _cells(done: LayerRun) -> tuple[str, str]:
    """Return the cells of a layer: cycles of all repetitions, and utilisation."""
    if done.cycles is None:
        return "cannot run", "-"
    return f"{done.layer.repeat * done.cycles:,}", f"{done.utilisation.value:.1f} %"


def _count(number: int, unit: str) -> str:
    """Return a count with four digits, its prefix and its unit."""
    for scale, prefix in ((10**12, "T"), (10**9, "G"), (10**6, "M"), (10**3, "k")):
        if number >= scale:
            between = "" if unit.isupper() else " "
            return f"{number / scale:.4g} {prefix}{between}{unit}"
    return f"{number} {unit}"
