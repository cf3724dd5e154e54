"""Bitstreams of every family: what they take, how fast they are, how long they take, and how well that was foreseen.

Parts: ``python -m tests.benchmarks.bench_boards [PART ...]``.
"""

import argparse
import json
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import typer
from numpy.typing import NDArray

from rtloom.boards.catalogue import BOARDS
from rtloom.boards.catalogue import board as find_board
from rtloom.boards.flow.bitstream import Bitstream, bitstream
from rtloom.boards.flow.depth import levels
from rtloom.boards.flow.predict import LEAST, fit_level_time
from rtloom.boards.host.connect import connect
from rtloom.boards.marked import MARKED, SMALLEST
from rtloom.boards.shell.params import clocks_per_bit
from rtloom.boards.virtual.board import VirtualBoard
from rtloom.examples.digits import run as digits_demo
from rtloom.examples.digits.data import load_split_digits
from rtloom.examples.digits.execute import digits_by, execute, golden_digits
from rtloom.examples.digits.quantize import quantize
from rtloom.examples.digits.train import train
from rtloom.figures import Figure
from rtloom.verif.netlist.check import check_netlist
from rtloom.verif.netlist.models import NETLIST_TARGETS

IntArray = NDArray[np.int64]
SEEDS = (1, 2)
SLOW, FEW = 50, 4
"""Clock cycles of a bit from which on only a few images go over a simulated line."""
PATIENCE = 20.0


def bitstreams() -> dict[str, Figure]:
    """Return what each marked pair of preset and board takes, and what was foreseen of its clock."""
    figures, placed = {}, {}
    for preset, name in MARKED:
        began = time.perf_counter()
        made = bitstream(preset, name, seeds=SEEDS)
        figures |= _figures(f"{preset} on {name}", made, time.perf_counter() - began)
        placed[preset, name] = made
    return figures | _foreseen(placed)


def _figures(label: str, made: Bitstream, seconds: float) -> dict[str, Figure]:
    """Return the figures of one bitstream."""
    report = made.report
    figures = {f"{label}, {name}": report[name] for name in ("fmax", "clock", "peak")}
    for resource, available in report.available.items():
        used = report[resource]
        figures[f"{label}, {resource}"] = Figure(used.value, f"of {available:,}", used.source)
        synthesised = report.figures.get(f"{resource} synthesised")
        if synthesised is not None and used.value:
            error = 100 * (synthesised.value / used.value - 1)
            figures[f"{label}, {resource}, synthesis against placed"] = Figure(error, "%", "before place and route")
    if "power" in report.figures:
        figures[f"{label}, power"] = report["power"]
    steps = ", ".join(f"{step} {taken:.0f} s" for step, taken in report.seconds.items())
    figures[f"{label}, wall time"] = Figure(seconds, "s", f"measured: {steps}")
    return figures


def _foreseen(placed: dict[tuple[str, str], Bitstream]) -> dict[str, Figure]:
    """Return what a level takes in each family of FPGAs, and the error of the clock that follows from it."""
    designs: dict[str, list[tuple[float, float]]] = {}
    for (_, name), made in placed.items():
        fpga = find_board(name).fpga
        designs.setdefault(fpga, []).append((levels(fpga, made.netlist), made.report["fmax"].value))
    times = {fpga: fit_level_time(found) for fpga, found in designs.items() if len(found) >= LEAST}
    plain = {fpga: {"ns": t.ns, "n": t.n, "error": t.error, "worst": t.worst} for fpga, t in times.items()}
    Path("build").mkdir(exist_ok=True)
    Path("build/levels.json").write_text(json.dumps(plain, indent=1) + "\n")
    figures = {}
    for fpga, t in times.items():
        source = f"n = {t.n}, each left out in turn; {t.ns:.3f} ns a level"
        figures[f"highest clock foreseen on {fpga}, median error"] = Figure(t.error, "%", source)
        figures[f"highest clock foreseen on {fpga}, largest error"] = Figure(t.worst, "%", source)
    return figures


def dsp() -> dict[str, Figure]:
    """Return how many DSP blocks an 8x8 int8 array takes on ECP5, of those that its multipliers ask for."""
    made = bitstream("systolic-8x8-int8", "ulx3s-85f", seeds=(1,))
    used = made.report["DSP"]
    label = "systolic-8x8-int8 on ulx3s-85f"
    share = Figure(100 * used.value / 64, "%", f"{used.source}; {used.value:.0f} blocks for 64 multipliers")
    return _figures(label, made, sum(made.report.seconds.values())) | {f"{label}, multipliers in DSP blocks": share}


def netlists() -> dict[str, Figure]:
    """Return the presets whose netlists equal golden on each family of FPGAs."""
    figures = {}
    for target in NETLIST_TARGETS:
        began = time.perf_counter()
        jobs = sum(len(check_netlist(preset, target).jobs) for preset in SMALLEST)
        source = f"{jobs} jobs, results, framing and cycles; {time.perf_counter() - began:.0f} s"
        figures[f"netlists equal to golden on {target}"] = Figure(len(SMALLEST), "families", source)
    return figures


def digits() -> dict[str, Figure]:
    """Return the accuracy of the digits' perceptron on the virtual board of each kind, and that of RTL and golden."""
    spec = digits_demo.layer_spec("systolic-4x4-int8")
    data, network = load_split_digits(), digits_demo.MLP
    images, labels = data.test_images[: digits_demo.QUICK], data.test_labels[: digits_demo.QUICK]
    weights = train(network, data.train_images, data.train_labels)
    layers = quantize(network, weights, data.train_images, spec.params.to_dict()["multiplier_bits"])
    golden, rtl = golden_digits(spec, layers, images), execute(spec, layers, images, lambda _: None).rtl
    figures = {"digits on golden": _accuracy(golden, labels, "NumPy")}
    figures["digits on RTL"] = _accuracy(rtl, labels, "rtl-sim")
    for name in BOARDS:
        kind = find_board(name)
        clocks = clocks_per_bit(kind.clock_hz, kind.baud)
        some = slice(len(images) if clocks < SLOW else FEW)
        began = time.perf_counter()
        with VirtualBoard(spec, clocks_per_bit=clocks) as board, connect(board.port, spec, patience=PATIENCE) as device:
            seen = digits_by(lambda operation, **tensors: device.run(operation, **tensors)[0], layers, images[some])
        equal = bool(np.array_equal(seen, rtl[some]) and np.array_equal(seen, golden[some]))
        told = f"equal to RTL and golden: {equal}; {clocks} cycles a bit, {board.cycles:,} cycles"
        source = f"{told}; {time.perf_counter() - began:.0f} s"
        figures[f"digits on the virtual {name}"] = _accuracy(seen, labels[some], source)
    return figures


def _accuracy(seen: IntArray, labels: IntArray, source: str) -> Figure:
    """Return the share of images that were seen right."""
    return Figure(100 * float(np.mean(seen == labels)), "%", f"{len(labels)} images, {source}")


PARTS: dict[str, Callable[[], dict[str, Figure]]] = {
    "bitstreams": bitstreams,
    "dsp": dsp,
    "netlists": netlists,
    "digits": digits,
}


def figures() -> dict[str, Figure]:
    """Return the figures of all parts."""
    return {label: figure for part in PARTS.values() for label, figure in part().items()}


def main(names: Sequence[str]) -> None:
    """Run parts and print what they give."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("parts", nargs="*", default="all", choices=("all", *PARTS), help="what to measure")
    asked = parser.parse_args(names).parts
    for name in PARTS if "all" in asked else asked:
        for label, figure in PARTS[name]().items():
            typer.echo(f"{label}: {figure}")


if __name__ == "__main__":
    main(sys.argv[1:])
