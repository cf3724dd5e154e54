"""A bench in plain Verilog for an event-driven simulator: sends beats from files, writes down every beat that moves.

It knows no golden values and judges nothing but what is unknown: the comparison is Python's. Inputs change while the
clock is low and outputs are read just before it rises, so that no result depends on the order of events.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ...hdl.manifest import BoundStream, Manifest
from .stimulus import Run

__all__ = ["LINES", "POISON_CYCLES", "RESET_CYCLES", "write_bench"]

RESET_CYCLES = 4
POISON_CYCLES = 3
"""Before each run clock cycles with every input unknown, reset too: no run finds what the run before has left."""
LINES = "trace.txt"
"""What the bench writes, a line each: ``i run stream cycle`` and ``o run stream cycle last data`` for beats that moved
(data hexadecimal, or ``:`` and bits where some are unknown), ``w run stream cycle`` a beat with unknown bits that
waits, ``x run stream cycle wire`` an unknown wire, ``r run stream`` valid in reset, ``e run cycle complete``."""


def write_bench(folder: Path, manifest: Manifest, runs: Sequence[Run], patience: int, quiet: int) -> Path:
    """Write the bench and its data into a folder; return the Verilog file.

    Parameters
    ----------
    folder
        An existing one; the simulation has to run in it.
    manifest
        Of the design, which is read from another file.
    runs
        In order.
    patience
        Cycles without a transfer after which a run is given up, besides the longest stall.
    quiet
        Cycles after the end in which beats are still written down.
    """
    words, places = _words(manifest, runs)
    for at, lines in enumerate(words):
        (folder / f"words_{at}.hex").write_text("\n".join(lines or ["0"]) + "\n")
    go, patterns = _patterns(manifest, runs)
    (folder / "go.bin").write_text("\n".join("1" if bit else "0" for bit in go) + "\n")
    table = [_row(manifest, run, places, patterns, patience) for run in runs]
    (folder / "runs.hex").write_text("\n".join(f"{value:08x}" for row in table for value in row) + "\n")
    sizes = _Sizes(len(runs), len(table[0]), len(go), tuple(max(len(lines), 1) for lines in words))
    file = folder / "rtloom_bench.v"
    file.write_text(_text(manifest, sizes, quiet))
    return file


Words = list[list[str]]
Places = dict[tuple[str, str], tuple[int, int]]


@dataclass(frozen=True)
class _Sizes:
    """Runs, values of the table for each, bits of patterns, words of each stream."""

    runs: int
    row: int
    go: int
    words: tuple[int, ...]


def _words(manifest: Manifest, runs: Sequence[Run]) -> tuple[Words, Places]:
    """Return for each stream its words (last above the data), and where those of each job begin and how many."""
    words: Words = [[] for _ in manifest.streams]
    places: Places = {}
    for run in runs:
        for at, bound in enumerate(manifest.streams):
            name = bound.port.name
            if (run.job, name) in places:
                continue
            if bound.port.direction == "out":
                places[run.job, name] = (0, run.vectors.job.outputs[name])
                continue
            sent = run.vectors.sent[name]
            lasts = np.zeros(len(sent.data), dtype=np.bool_) if sent.last is None else sent.last
            lines = [f"{int(last)}{row[::-1].tobytes().hex()}" for last, row in zip(lasts, sent.data, strict=True)]
            places[run.job, name] = (len(words[at]), len(lines))
            words[at] += lines
    return words, places


def _patterns(manifest: Manifest, runs: Sequence[Run]) -> tuple[list[bool], dict[tuple[str, str], tuple[int, int]]]:
    """Return the bits of all stall patterns, and where that of each run and stream begins and its length."""
    bits: list[bool] = [True]
    places: dict[tuple[str, str], tuple[int, int]] = {}
    for run in runs:
        for bound in manifest.streams:
            go = run.stalls.get(bound.port.name)
            places[run.name, bound.port.name] = (0, 0) if go is None else (len(bits), len(go))
            bits += [] if go is None else go.tolist()
    return bits, places


def _row(
    manifest: Manifest, run: Run, places: Places, patterns: dict[tuple[str, str], tuple[int, int]], patience: int
) -> list[int]:
    """Return a run's values of the table: reset (0: none), patience, and four for each stream."""
    longest = max((len(go) for go in run.stalls.values()), default=0)
    row = [0 if run.reset_at is None else run.reset_at + 1, patience + 2 * longest]
    for bound in manifest.streams:
        row += [*places[run.job, bound.port.name], *patterns[run.name, bound.port.name]]
    return row


def _text(manifest: Manifest, sizes: _Sizes, quiet: int) -> str:
    """Return the bench's Verilog."""
    streams = list(enumerate(manifest.streams))
    parts = [_stream(at, bound, sizes.words[at]) for at, bound in streams]
    pins = ", ".join(pin for at, bound in streams for pin in _pins(at, bound))
    ready = [f"s{at}_ready" for at, bound in streams if bound.port.direction == "out"]
    poison = [wire for at, bound in streams for wire in _driven(at, bound)]
    return BENCH.format(
        runs=sizes.runs,
        row=sizes.row,
        go=sizes.go,
        top=manifest.top,
        pins=f".{manifest.clock}(clk), .{manifest.reset.name}(reset), {pins}",
        active=int(not manifest.reset.active_low),
        idle=int(manifest.reset.active_low),
        streams="\n".join(parts),
        read=" ".join(f'$readmemh("words_{at}.hex", s{at}_words);' for at, _ in streams),
        load=" ".join(f"s{at}_load;" for at, _ in streams),
        restart=" ".join(f"s{at}_restart;" for at, _ in streams),
        drive=" ".join(f"s{at}_drive;" for at, _ in streams),
        sample=" ".join(f"s{at}_sample;" for at, _ in streams),
        complete=" && ".join(f"s{at}_moved >= s{at}_count" for at, _ in streams),
        moves=" || ".join(f"s{at}_moves" for at, _ in streams),
        willing=" ".join(f"{wire} = 1;" for wire in ready),
        idle_inputs=" ".join(f"s{at}_idle;" for at, bound in streams if bound.port.direction == "in"),
        free=" ".join(f"s{at}_length = 0;" for at, bound in streams if bound.port.direction == "out"),
        silent=" ".join(f"s{at}_silent;" for at, bound in streams if bound.port.direction == "out"),
        poison=" ".join(f"{wire} = 'bx;" for wire in poison),
        poison_cycles=POISON_CYCLES,
        reset_cycles=RESET_CYCLES,
        quiet=quiet,
        lines=LINES,
    )


def _driven(at: int, bound: BoundStream) -> list[str]:
    """Return what the bench drives of a stream."""
    if bound.port.direction == "out":
        return [f"s{at}_ready"]
    return [f"s{at}_valid", f"s{at}_data", f"s{at}_last"]


def _pins(at: int, bound: BoundStream) -> list[str]:
    """Return the connections of a stream."""
    names = bound.signals
    pins = [f".{names.valid}(s{at}_valid)", f".{names.ready}(s{at}_ready)", f".{names.data}(s{at}_data)"]
    return pins + ([f".{names.last}(s{at}_last)"] if names.last else [])


def _stream(at: int, bound: BoundStream, words: int) -> str:
    """Return the part of one stream."""
    template = INPUT if bound.port.direction == "in" else OUTPUT
    width = 8 * bound.port.nbytes
    # A stream without the flag has a constant in its place.
    last = "" if bound.signals.last or bound.port.direction == "in" else f"  assign s{at}_last = 0;\n"
    common = COMMON.format(s=f"s{at}", base=2 + 4 * at)
    # The words in the file are whole hexadecimal digits with the flag in one of their own.
    return common + last + template.format(s=f"s{at}", at=at, high=width - 1, width=width, top=words - 1)


COMMON = """
  integer {s}_from, {s}_count, {s}_go, {s}_length, {s}_moved, {s}_at;
  reg {s}_waits, {s}_moves, {s}_willing;
  task {s}_load;
    begin
      {s}_from = table_[run * ROW + {base}];
      {s}_count = table_[run * ROW + {base} + 1];
      {s}_go = table_[run * ROW + {base} + 2];
      {s}_length = table_[run * ROW + {base} + 3];
    end
  endtask
  task {s}_restart;
    begin
      {s}_moved = 0;
      {s}_at = 0;
      {s}_waits = 0;
      {s}_moves = 0;
    end
  endtask
  task {s}_next;
    begin
      {s}_willing = {s}_length == 0 ? 1'b1 : go[{s}_go + {s}_at];
      {s}_at = {s}_at + 1 >= {s}_length ? 0 : {s}_at + 1;
    end
  endtask
"""

INPUT = """
  reg {s}_valid, {s}_last;
  wire {s}_ready;
  reg [{high}:0] {s}_data;
  reg [{width} + 3:0] {s}_words [0:{top}];
  task {s}_drive;
    begin
      {s}_next;
      if (!{s}_waits) begin
        {s}_valid = {s}_willing && {s}_moved < {s}_count;
        if ({s}_valid) {{{s}_last, {s}_data}} = {s}_words[{s}_from + {s}_moved];
        else {s}_idle;
      end
    end
  endtask
  // Unknown while nothing is offered: no output may depend on it.
  task {s}_idle;
    begin
      {s}_valid = 0;
      {s}_last = 1'bx;
      {s}_data = {{{width}{{1'bx}}}};
    end
  endtask
  task {s}_sample;
    begin
      if ({s}_ready !== 1'b0 && {s}_ready !== 1'b1) $fdisplay(out, "x %0d {at} %0d ready", run, cycle);
      {s}_moves = {s}_valid && {s}_ready === 1'b1;
      {s}_waits = {s}_valid && !{s}_moves;
      if ({s}_moves) begin
        if (told) $fdisplay(out, "i %0d {at} %0d", run, cycle);
        {s}_moved = {s}_moved + 1;
      end
    end
  endtask
"""

OUTPUT = """
  reg {s}_ready;
  wire {s}_valid, {s}_last;
  wire [{high}:0] {s}_data;
  reg {s}_words [0:{top}];
  task {s}_drive;
    begin
      {s}_next;
      {s}_ready = {s}_willing;
    end
  endtask
  task {s}_sample;
    begin
      if ({s}_valid !== 1'b0 && {s}_valid !== 1'b1) $fdisplay(out, "x %0d {at} %0d valid", run, cycle);
      {s}_moves = {s}_valid === 1'b1 && {s}_ready;
      if ({s}_valid === 1'b1 && {s}_last !== 1'b0 && {s}_last !== 1'b1)
        $fdisplay(out, "x %0d {at} %0d last", run, cycle);
      if ({s}_valid === 1'b1 && !{s}_ready && ^{s}_data === 1'bx)
        $fdisplay(out, "w %0d {at} %0d %b", run, cycle, {s}_data);
      if ({s}_moves) begin
        if (told && ^{s}_data === 1'bx)
          $fdisplay(out, "o %0d {at} %0d %b :%b", run, cycle, {s}_last, {s}_data);
        else if (told)
          $fdisplay(out, "o %0d {at} %0d %b %h", run, cycle, {s}_last, {s}_data);
        {s}_moved = {s}_moved + 1;
      end
    end
  endtask
  task {s}_silent;
    if ({s}_valid !== 1'b0) $fdisplay(out, "r %0d {at}", run);
  endtask
"""

BENCH = """`timescale 1ns/1ns
module rtloom_bench;
  localparam RUNS = {runs}, ROW = {row};
  reg clk, reset, told, complete;
  reg [31:0] table_ [0:RUNS * ROW - 1];
  reg go [0:{go} - 1];
  integer out, run, cycle, still, patience, early;
{streams}
  {top} dut({pins});

  task clock;
    begin
      #4 clk = 1;
      #5 clk = 0;
      #1;
    end
  endtask

  task start;
    integer i;
    begin
      {restart}
      {idle_inputs}
      reset = {active};
      {willing}
      for (i = 0; i < {reset_cycles}; i = i + 1) begin
        #4;
        if (i > 0) begin {silent} end
        clk = 1;
        #5 clk = 0;
        #1;
      end
      reset = {idle};
    end
  endtask

  task step;
    begin
      {drive}
      #4 {sample}
      clk = 1;
      #5 clk = 0;
      #1;
    end
  endtask

  initial begin
    $readmemh("runs.hex", table_);
    $readmemb("go.bin", go);
    {read}
    out = $fopen("{lines}");
    clk = 0;
    #10;
    for (run = 0; run < RUNS; run = run + 1) begin
      early = table_[run * ROW];
      patience = table_[run * ROW + 1];
      {load}
      reset = 1'bx;
      {poison}
      repeat ({poison_cycles}) clock;
      told = 0;
      cycle = 0;
      start;
      if (early > 0) begin
        for (cycle = 1; cycle < early; cycle = cycle + 1) step;
        start;
      end
      told = 1;
      cycle = 0;
      still = 0;
      complete = 0;
      while (!complete && still < patience) begin
        cycle = cycle + 1;
        step;
        complete = {complete};
        still = {moves} ? 0 : still + 1;
      end
      $fdisplay(out, "e %0d %0d %0d", run, cycle, complete);
      {free}
      if (complete) repeat ({quiet}) begin
        cycle = cycle + 1;
        step;
      end
    end
    $fclose(out);
    $finish;
  end
endmodule
"""
"""The whole bench; the formatted names say what each part is."""
