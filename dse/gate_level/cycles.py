"""Energy of a cycle with work and of one without, from that of jobs that have cycles of both kinds."""

from .energy_report import EnergyReport

__all__ = ["labels_per_cycle", "per_cycle"]


def per_cycle(busy: EnergyReport, peak: float, idle: EnergyReport) -> tuple[float, float]:
    """Return the joules of a cycle with work and of one without.

    A job has cycles of both kinds: those that its multiply-accumulates need at the peak rate, and the rest, which are
    taken as in the idle job.

    Parameters
    ----------
    busy, idle
        Of a job with data, and of one that has only zeros.
    peak
        Multiply-accumulates a cycle.
    """
    without = idle.joules / idle["cycles"].value
    cycles, working = busy["cycles"].value, _working(busy, peak)
    if not working:
        return without, without
    return max((busy.joules - (cycles - working) * without) / working, without), without


def labels_per_cycle(busy: EnergyReport, peak: float, idle: EnergyReport) -> dict[str, float]:
    """Return the joules of a cycle with work by module label, never below 0; arguments as `per_cycle`."""
    without = {label: joules / idle["cycles"].value for label, joules in idle.labels.items()}
    cycles, working = busy["cycles"].value, _working(busy, peak)
    if not working:
        return without
    rest = cycles - working
    return {label: max(joules - rest * without[label], 0.0) / working for label, joules in busy.labels.items()}


def _working(report: EnergyReport, peak: float) -> float:
    """Return the cycles that a job's multiply-accumulates need."""
    return min(report.macs / peak, report["cycles"].value)
