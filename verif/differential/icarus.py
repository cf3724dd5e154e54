"""The stimulus on Icarus Verilog, which simulates events and knows unknown values: one run of vvp for all runs."""

import re
import shutil
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from numpy.typing import NDArray

from ...errors import CheckError, ToolError
from ...hdl.manifest import BoundStream, Manifest
from ...processes import died, run_tool
from .icarus_bench import LINES, write_bench
from .stimulus import Run
from .trace import EngineResult, RunTrace, StreamTrace, Unknown, unknown_lanes

__all__ = ["MISSING", "find_icarus", "run_icarus"]

PATIENCE = 10_000
QUIET = 64
MISSING = "Icarus Verilog is not installed: apt install iverilog"
WIRES = {"r": "valid in reset"}


def find_icarus() -> tuple[str, str, str] | None:
    """Return the programs ``iverilog`` and ``vvp`` and the version; None where they are not installed."""
    compiler, runner = shutil.which("iverilog"), shutil.which("vvp")
    if compiler is None or runner is None:
        return None
    said = run_tool("Icarus Verilog", [compiler, "-V"], limit=60).output
    version = re.search(r"version ([\d.]+)", said)
    return compiler, runner, version[1] if version else "of unknown version"


def run_icarus(verilog: str, manifest: Manifest, runs: Sequence[Run], limit: float) -> EngineResult:
    """Run a design in Icarus Verilog.

    Parameters
    ----------
    verilog
        Its text.
    manifest
        Its manifest.
    runs
        What it gets.
    limit
        Seconds for compiling and for simulating.

    Raises
    ------
    CheckError
        Where Icarus does not accept the design.
    ToolError
        Where it is not installed, crashes or needs more time.
    """
    found = find_icarus()
    if found is None:
        raise ToolError(MISSING)
    compiler, runner, version = found
    with TemporaryDirectory(prefix="rtloom-icarus-") as name:
        folder = Path(name)
        began = time.perf_counter()
        bench = write_bench(folder, manifest, runs, PATIENCE, QUIET)
        (folder / "design.v").write_text(verilog)
        command = [compiler, "-g2005-sv", "-s", bench.stem, "-o", "bench.vvp", bench.name, "design.v"]
        done = run_tool("Icarus Verilog", command, limit=limit, directory=folder)
        if done.status:
            raise _rejected(manifest.top, done.output)
        built = time.perf_counter()
        done = run_tool("Icarus Verilog", [runner, "-n", "bench.vvp"], limit=limit, directory=folder)
        if done.status:
            raise died("Icarus Verilog", done)
        ran = time.perf_counter()
        traces = read_traces((folder / LINES).read_text().splitlines(), manifest, runs)
    return EngineResult("icarus", f"RTL in Icarus Verilog {version}", traces, built - began, ran - built)


def _rejected(top: str, output: str) -> CheckError:
    """Return the error for a design that does not compile."""
    lines = [line for line in output.splitlines() if "error" in line.lower() or "rror:" in line]
    first = (lines or output.splitlines() or ["it said nothing"])[0]
    return CheckError(f"Verilog of {top} must be accepted by Icarus Verilog, but: {first[:300]}")


@dataclass
class _Beats:
    """Beats of one stream as they are read."""

    cycles: list[int] = field(default_factory=list)
    words: list[int] = field(default_factory=list)
    masks: list[int] = field(default_factory=list)
    lasts: list[str] = field(default_factory=list)


@dataclass
class _Run:
    """One run as it is read."""

    streams: dict[int, _Beats]
    unknowns: dict[tuple[int, str], list[int]] = field(default_factory=dict)
    cycles: int = 0
    ended: bool = False
    complete: bool = False

    def note(self, stream: int, wire: str, cycle: int) -> None:
        """Take note of an unknown wire."""
        self.unknowns.setdefault((stream, wire), []).append(cycle)


def read_traces(lines: Sequence[str], manifest: Manifest, runs: Sequence[Run]) -> dict[str, RunTrace]:
    """Read what the bench wrote down.

    Parameters
    ----------
    lines
        As `icarus_bench.LINES` says.
    manifest, runs
        What they are about.
    """
    found = [_Run({at: _Beats() for at in range(len(manifest.streams))}) for _ in runs]
    for kind, words in _split(lines):
        _take(found[int(words[0])], kind, words)
    return {run.name: _trace(manifest.streams, run, seen) for run, seen in zip(runs, found, strict=True)}


def _split(lines: Sequence[str]) -> Iterator[tuple[str, list[str]]]:
    """Return kind and words of each line."""
    for line in lines:
        kind, *words = line.split()
        yield kind, words


def _take(run: _Run, kind: str, words: Sequence[str]) -> None:
    """Take one line."""
    if kind == "e":
        run.ended, run.cycles, run.complete = True, int(words[1]), words[2] == "1"
        return
    stream = int(words[1])
    beats = run.streams[stream]
    if kind == "r":
        run.note(stream, "valid in reset", 0)
    elif kind == "x":
        run.note(stream, words[3], int(words[2]))
    elif kind == "w":
        run.note(stream, "data", int(words[2]))
    else:
        beats.cycles.append(int(words[2]))
        if kind == "o":
            beats.lasts.append(words[3])
            word, mask = _number(words[4])
            beats.words.append(word)
            beats.masks.append(mask)


def _number(text: str) -> tuple[int, int]:
    """Return a word, unknown bits as 0, and the mask of the unknown bits."""
    if text[0] != ":":
        return int(text, 16), 0
    bits = text[1:]
    known = "".join(bit if bit in "01" else "0" for bit in bits)
    return int(known, 2), int("".join("0" if bit in "01" else "1" for bit in bits), 2)


def _trace(streams: Sequence[BoundStream], run: Run, seen: _Run) -> RunTrace:
    """Return what was read of one run."""
    found = {bound.port.name: _stream(bound, seen.streams[at]) for at, bound in enumerate(streams)}
    outputs = [found[bound.port.name].cycles for bound in streams if bound.port.direction == "out"]
    last = max((int(cycles[-1]) for cycles in outputs if len(cycles)), default=0)
    unknowns = tuple(
        Unknown(streams[at].port.name, wire, cycles[0], len(cycles)) for (at, wire), cycles in seen.unknowns.items()
    )
    return RunTrace(found, last, _problem(streams, run, seen), unknowns)


def _problem(streams: Sequence[BoundStream], run: Run, seen: _Run) -> str:
    """Say how a run hangs; empty where it came to its end."""
    if seen.complete:
        return ""
    if not seen.ended:
        return "the simulation ended before the run did"
    counts: Mapping[str, int] = run.vectors.job.outputs
    got = []
    for at, bound in enumerate(streams):
        name, moved = bound.port.name, len(seen.streams[at].cycles)
        total = counts[name] if bound.port.direction == "out" else len(run.vectors.sent[name].data)
        got.append(f"{name} {'gave' if bound.port.direction == 'out' else 'took'} {moved} of {total}")
    return f"hangs: {', '.join(got)}; cycle {seen.cycles}"


def _stream(bound: BoundStream, beats: _Beats) -> StreamTrace:
    """Return one stream's beats."""
    port, cycles = bound.port, np.array(beats.cycles, dtype=np.int64)
    if port.direction == "in":
        return StreamTrace(cycles)
    found = port.unpack(_bytes(beats.words, port.nbytes))
    if port.last:
        found["last"] = np.array([last == "1" for last in beats.lasts], dtype=np.bool_)
    return StreamTrace(cycles, found, unknown_lanes(port, _bytes(beats.masks, port.nbytes)))


def _bytes(words: Sequence[int], size: int) -> NDArray[np.uint8]:
    """Return words as ``(beats, size)`` bytes, lowest first."""
    raw = b"".join(word.to_bytes(size, "little") for word in words)
    return np.frombuffer(raw, dtype=np.uint8).reshape(len(words), size)
