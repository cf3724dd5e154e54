"""Run a design straight from NumPy arrays: the verilated model in this process, driven by the shim in C++."""

import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ..errors import must
from ..hdl.ports import Beats
from .broken_rules import explain
from .build import BuildOptions, Verilog, build_native
from .shim_types import ERRORS, Job, Library, Stream, load_library
from .stream_arrays import StreamArrays, pack, pattern, room
from .stream_run import StreamRun, Transfers, collect
from .waves import wave_format

if TYPE_CHECKING:
    from ..hdl.manifest import BoundStream, Manifest

__all__ = ["NativeModel", "StreamRun", "Transfers", "run_streams"]

Patterns = Mapping[str, NDArray[np.bool_]]
RESET_CYCLES = 4
PROBE = 61
"""In the first so many cycles, then once in so many, valid is compared with ready low and high."""


class NativeModel:
    """A compiled design that runs any number of jobs, each on a fresh instance; threads may run jobs side by side.

    Parameters
    ----------
    verilog
        Text or files of the design.
    manifest
        Its manifest.
    options
        Tracing and coverage to build in; tracing is also added by itself for a run that asks for it.

    Raises
    ------
    InputError
        Where the manifest names ports that the design does not have.
    CheckError
        Where Verilator rejects the design.
    ToolError
        Where a tool is missing, crashes or hangs.
    """

    def __init__(self, verilog: Verilog, manifest: "Manifest", options: BuildOptions | None = None) -> None:
        self.manifest = manifest
        self.options = options or BuildOptions()
        self._verilog = verilog
        self._library = load_library(build_native(verilog, manifest.top, self.options))
        self._streams = {bound.port.name: bound for bound in manifest.streams}
        self._check_ports()

    def run(
        self,
        inputs: Mapping[str, Beats],
        outputs: Mapping[str, int],
        *,
        stalls: Patterns | None = None,
        max_cycles: int | None = None,
        trace: Path | None = None,
        reset_at: int | None = None,
        coverage: Path | None = None,
        patience: int = 10_000,
        quiet: int = 256,
        seed: int = 1,
        held: tuple[str, int] | None = None,
        patient: bool = False,
        reset_cycles: int = RESET_CYCLES,
    ) -> StreamRun:
        """Run one job.

        Parameters
        ----------
        inputs
            Beats of every input stream; a stream that is left out gets none.
        outputs
            Beats to be taken from every output stream; none from one that is left out.
        stalls
            For each stream that is held back a repeating pattern, True = go; the others always go. Position 0
            belongs to cycle 1. A beat once offered stays until it is taken, whatever the pattern says.
        max_cycles
            More cycles are a failure.
        trace
            File for the waveform; ``.fst``, ``.vcd`` or ``.saif``. One cycle is 10 time units. It is complete after
            a failed check as well.
        reset_at
            After that many cycles the design is reset and all streams start anew; cycles count from there.
        coverage
            File for the coverage counters, if they were built in.
        patience
            Cycles without any transfer that count as a deadlock; pauses of the stall patterns are added.
        quiet
            Cycles after the end in which no further beat may come.
        seed
            Random start values of registers that have none; the result must not depend on it.
        held
            An input that belongs to no stream, of up to 63 bits, and what it holds throughout.
        patient
            Whether outputs are taken only once they are offered, and not in reset, as AXI allows.
        reset_cycles
            Length of each reset.

        Raises
        ------
        InputError
            Where arrays do not fit the streams, or the design has no such input.
        CheckError
            Where a stream rule is broken, the design hangs or gives too many beats: stream, rule and cycle.
        """
        _check_limits(max_cycles=(max_cycles, 1), reset_at=(reset_at, 0), patience=(patience, 1), quiet=(quiet, 0))
        _check_limits(reset_cycles=(reset_cycles, 1))
        if coverage is not None and not self.options.coverage:
            raise must("Coverage file", "be given to a model with coverage built in", str(coverage))
        patterns = {name: pattern(name, raw) for name, raw in (stalls or {}).items() if self._known(name)}
        bound = self._bind(inputs, outputs, patterns)
        longest = max((len(go) for go in patterns.values()), default=0)
        job = self._job(max_cycles, reset_at, patience + 2 * longest, quiet)
        job.patient, job.reset_cycles = int(patient), reset_cycles
        if held is not None:
            job.held, job.held_value = self._input(*held), held[1]
        streams = (Stream * len(bound))(*(self._stream(item) for item in bound))
        library = self._library if trace is None else self._tracing(trace)
        coverage_name = None if coverage is None else str(coverage).encode()
        started = time.perf_counter()
        status = library.run(
            job, streams, len(bound), seed, None if trace is None else str(trace).encode(), coverage_name
        )
        seconds = time.perf_counter() - started
        if status:
            raise must("Trace file", "be a file that can be written", str(trace))
        if job.error:
            raise explain(ERRORS[job.error], job, list(streams), [item.port for item in bound], self.manifest.top)
        return collect(job, streams, bound, seconds)

    def _tracing(self, trace: Path) -> Library:
        """Return the library with that trace format built in."""
        form = wave_format(trace)
        if not trace.parent.is_dir():
            raise must("Trace file", "lie in an existing folder", str(trace))
        if form == self.options.trace:
            return self._library
        options = replace(self.options, trace=form)
        return load_library(build_native(self._verilog, self.manifest.top, options))

    def _check_ports(self) -> None:
        """Compare the manifest with the ports that the model has."""
        widths = {name: port.width for name, port in self._library.ports.items()}
        for name, wire in self.manifest.wires.items():
            if name not in widths:
                raise must(f"Manifest of {self.manifest.top}", "name ports of the design", name)
            if widths[name] != wire.width:
                raise must(f"Port {name} of {self.manifest.top}", f"have {wire.width} bits", widths[name])

    def _known(self, name: str, direction: str | None = None) -> "BoundStream":
        fitting = [key for key, bound in self._streams.items() if direction in (None, bound.port.direction)]
        if name not in fitting:
            kind = {"in": "input stream", "out": "output stream"}.get(direction or "", "stream")
            raise must(f"Name of {kind} of {self.manifest.top}", f"be one of {', '.join(fitting)}", name)
        return self._streams[name]

    def _bind(
        self, inputs: Mapping[str, Beats], outputs: Mapping[str, int], patterns: Mapping[str, NDArray[np.uint8]]
    ) -> list[StreamArrays]:
        for name in inputs:
            self._known(name, "in")
        for name in outputs:
            self._known(name, "out")
        bound = []
        for name, stream in self._streams.items():
            port = stream.port
            if port.direction == "in":
                payload, lasts = pack(port, inputs[name]) if name in inputs else room(port, 0)
            else:
                payload, lasts = room(port, outputs.get(name, 0))
            bound.append(StreamArrays(port, payload, lasts, np.zeros(len(payload), dtype=np.int64), patterns.get(name)))
        return bound

    def _job(self, max_cycles: int | None, reset_at: int | None, patience: int, quiet: int) -> Job:
        reset = self.manifest.reset
        ports = self._library.ports
        return Job(
            clock=ports[self.manifest.clock].index,
            reset=ports[reset.name].index,
            reset_active=int(not reset.active_low),
            reset_at=-1 if reset_at is None else reset_at,
            max_cycles=-1 if max_cycles is None else max_cycles,
            patience=patience,
            quiet=quiet,
            probe=PROBE,
            held=-1,
        )

    def _input(self, name: str, value: int) -> int:
        """Return the place of an input that can hold a value."""
        port = self._library.ports.get(name)
        if port is None or port.output:
            raise must(f"Input of {self.manifest.top}", "be one that the design has", name)
        if not 0 <= value < 1 << min(port.width, 63):
            raise must(f"Input {name} of {self.manifest.top}", f"hold a value of {min(port.width, 63)} bits", value)
        return port.index

    def _stream(self, item: StreamArrays) -> Stream:
        signals = self._streams[item.port.name].signals
        ports = self._library.ports
        return Stream(
            valid=ports[signals.valid].index,
            ready=ports[signals.ready].index,
            data=ports[signals.data].index,
            last=ports[signals.last].index if signals.last else -1,
            input=int(item.port.direction == "in"),
            bytes=item.port.nbytes,
            count=len(item.payload),
            payload=item.payload.ctypes.data,
            lasts=item.lasts.ctypes.data,
            cycles=item.cycles.ctypes.data,
            go=None if item.go is None else item.go.ctypes.data,
            go_length=0 if item.go is None else len(item.go),
        )


def _check_limits(**limits: tuple[int | None, int]) -> None:
    """Raise where a value is given and below its least one."""
    for name, (value, least) in limits.items():
        if value is not None and value < least:
            raise must(f"Run {name}", f"be at least {least}", value)


def run_streams(
    verilog: Verilog,
    manifest: "Manifest",
    inputs: Mapping[str, Beats],
    outputs: Mapping[str, int],
    *,
    stalls: Patterns | None = None,
    max_cycles: int | None = None,
    trace: Path | None = None,
    reset_at: int | None = None,
    seed: int = 1,
) -> StreamRun:
    """Build a design if need be and run one job; see `NativeModel` and its `run` for parameters and errors."""
    model = NativeModel(verilog, manifest)
    return model.run(inputs, outputs, stalls=stalls, max_cycles=max_cycles, trace=trace, reset_at=reset_at, seed=seed)
