"""Paths within one cycle between handshakes, read off the gates of a design."""

from collections.abc import Iterable

from ...hdl.manifest import Manifest

__all__ = ["forbidden_paths", "reached_inputs"]


def reached_inputs(graph: str) -> dict[str, set[str]]:
    """Return which inputs each output depends on without a register between, both without the bit's number.

    Parameters
    ----------
    graph
        An ASCII AIGER file with names.
    """
    lines = graph.splitlines()
    _, _, inputs, latches, outputs, gates, *more = [0, *map(int, lines[0].split()[1:]), 0]
    begin = 1 + inputs + latches
    driven = [int(line) >> 1 for line in lines[begin : begin + outputs]]
    begin += outputs + sum(more)
    fan_in = {}
    for line in lines[begin : begin + gates]:
        gate, left, right = map(int, line.split())
        fan_in[gate >> 1] = (left >> 1, right >> 1)
    sources = {int(line.split()[0]) >> 1: number for number, line in enumerate(lines[1 : 1 + inputs])}
    names = dict(line.split(" ", 1) for line in lines[begin + gates :] if line[:1] in ("i", "o"))
    reached: dict[str, set[str]] = {}
    for number, variable in enumerate(driven):
        found = [_plain(names.get(f"i{sources[at]}", "")) for at in _cone(variable, fan_in) if at in sources]
        for output in _plain(names.get(f"o{number}", "")):
            reached.setdefault(output, set()).update(*found)
    return reached


def forbidden_paths(manifest: Manifest, reached: dict[str, set[str]]) -> list[str]:
    """Name the paths that no design may have: from any ready to a valid, from a valid to the same stream's ready."""
    taken = [bound.signals.ready for bound in manifest.streams if bound.port.direction == "out"]
    found = []
    for bound in manifest.streams:
        names = bound.signals
        out = bound.port.direction == "out"
        sink, sources = (names.valid, taken) if out else (names.ready, [names.valid])
        found += [f"{source} -> {sink}" for source in sources if source in reached[f"seen_{sink}"]]
    return found


def _cone(variable: int, fan_in: dict[int, tuple[int, int]]) -> Iterable[int]:
    """Return every variable that one depends on, itself included."""
    seen, waiting = {variable}, [variable]
    while waiting:
        for source in fan_in.get(waiting.pop(), ()):
            if source not in seen:
                seen.add(source)
                waiting.append(source)
    return seen


def _plain(names: str) -> set[str]:
    """Return all names of a wire without the number of the bit."""
    return {name.partition("[")[0] for name in names.split()}
