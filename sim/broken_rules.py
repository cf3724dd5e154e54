"""Say in words which stream rule a design broke: stream, rule, cycle."""

from collections.abc import Callable, Sequence

from ..errors import CheckError
from ..hdl.ports import StreamPort
from .shim_types import Job, Stream

__all__ = ["explain"]

Say = Callable[[Stream], str]

RULES: dict[str, Say] = {
    "valid_dropped": lambda stream: f"valid must stay high until ready, not drop while beat {stream.moved} waits",
    "data_changed": lambda stream: f"data must hold until ready, not change while beat {stream.moved} waits",
    "last_changed": lambda stream: f"last must hold until ready, not change while beat {stream.moved} waits",
    "too_many": lambda stream: f"must be silent after its {_beats(stream.count)}, not give one more",
    "waits_for_ready": lambda stream: f"valid must not depend on ready in the same cycle, as for beat {stream.moved}",
    "valid_in_reset": lambda _: "valid must be low in reset, not high",
}
"""The rules that concern one stream, by the name of the shim's error."""


def explain(error: str, job: Job, streams: Sequence[Stream], ports: Sequence[StreamPort], top: str) -> CheckError:
    """Return the failed check for an error that the shim found.

    Parameters
    ----------
    error
        A name in `shim_types.ERRORS`.
    job, streams
        As the shim left them.
    ports
        The port of each stream.
    top
        Name of the design.
    """
    when = f"; cycle {job.error_cycle}" + (" before the reset in mid-flight" if job.before_reset else "")
    if error in RULES:
        return CheckError(f"{ports[job.error_stream].name} {RULES[error](streams[job.error_stream])}{when}")
    if error == "assertion":
        return CheckError(f"{top} must hold its assertions, which one did not{when}")
    rule = (
        f"must move a beat at least every {job.patience} cycles, not hang"
        if error == "deadlock"
        else f"must finish within {job.max_cycles} cycles"
    )
    states = ", ".join(_state(stream, port) for stream, port in zip(streams, ports, strict=True))
    return CheckError(f"{top} {rule}: {states}{when}")


def _beats(count: int) -> str:
    return f"{count} beat" + ("" if count == 1 else "s")


def _state(stream: Stream, port: StreamPort) -> str:
    """Say how far a stream came and what it waits for."""
    verb = "took" if port.direction == "in" else "gave"
    moved = f"{port.name} {verb} {stream.moved} of {stream.count}"
    if stream.moved:
        moved += f" (last in cycle {stream.final})"
    if stream.moved == stream.count:
        return moved
    if port.direction == "in":
        return moved + (" and does not take the next" if stream.waits else "")
    return moved + ("" if stream.waits else " and does not offer the next")
