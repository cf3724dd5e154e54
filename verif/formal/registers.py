"""Accumulators of the emitted Verilog hold sums exactly: proven by induction over the terms, one step at a time."""

import json
import shutil
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ...generators.design import Design
from ...generators.spec import Spec
from ...hdl.netlist import label_of
from ...hdl.yosys import run_yosys
from .accumulators import Accumulator, find_accumulators, free_addends
from .decide import Place
from .engine import Search
from .harness import PROOF_TOP
from .prepare import prepare_smt
from .proof import Proof
from .smt import SmtAnswer, solve
from .sums import Sum, sums_of

__all__ = ["prove_registers", "step_harness"]

CLAIM = (
    "an accumulator becomes 0, a new term, its sum plus the term, or stays, exactly, from any state in which its sum "
    "and the next one are within the bounds"
)


@dataclass(frozen=True)
class _Found:
    """An accumulator, its module's netlist with the addends free, and the harness that goes with it."""

    module: str
    name: str
    netlist: dict[str, Any]
    harness: str


def prove_registers(place: Place, design: Design, spec: Spec) -> Proof:
    """Prove for every accumulator in the modules that `sums.sums_of` names that no step of it loses anything.

    What it adds is left free, so that the bounds of `sums` are all that is needed: by induction over the terms the
    register holds their exact sum.
    """
    clock = Search(place.seconds)
    proof = Proof("registers", CLAIM, "SAT", "proven", depth=2, cover=None)
    found = [each for held in sums_of(spec) if held.module for each in _found(place, design, held)]
    if not found:
        note = "no register that adds up was found in the modules that should hold one"
        return replace(proof, status="not finished", depth=None, note=note, seconds=clock.spent)
    for number, each in enumerate(found):
        folder = place.folder / f"registers-{number}"
        answer, covered = _step(folder, each, clock)
        where = f"{each.name} of {each.module}"
        if answer.kind == "fails":
            trace = _keep(place, folder)
            return replace(proof, status="failed", note=f"{where} loses bits", trace=trace, seconds=clock.spent)
        if answer.kind == "open" or covered.kind != "holds":
            note = f"{where}: {'no time' if answer.kind == 'open' else 'nothing is ever added'}"
            return replace(proof, status="not finished", note=note, seconds=clock.spent)
        proof = replace(proof, cover=1 + (covered.step or 0))
    names = ", ".join(dict.fromkeys(f"{each.name} of {each.module}" for each in found))
    return replace(proof, note=f"{len(found)} registers: {names}"[:200], seconds=clock.spent)


def step_harness(module: str, ports: dict[str, int], addends: list[tuple[str, int, bool, bool]], held: Sum) -> str:
    """State that no step of an accumulator loses anything while its sum stays within its bounds.

    Parameters
    ----------
    module
        Module with an output ``held``, the accumulator.
    ports
        Its other inputs and their bits.
    addends
        Inputs that are added up: name, bits, whether signed, whether subtracted.
    held
        What the accumulator holds.
    """
    wide = max(held.bits, *(bound.bit_length() for bound in held.bounds), *(bits for _, bits, _, _ in addends)) + 4
    inputs = {**ports, **{name: bits for name, bits, _, _ in addends}}
    terms = "".join(
        f" {'-' if minus else '+'} {f'$signed({name})' if signed else f'$signed({{1{chr(39)}b0, {name}}})'}"
        for name, _, signed, minus in addends
    )
    pins = ", ".join([*(f".{name}({name})" for name in inputs), ".held(held)"])
    lo, hi = held.bounds
    number = f"wire signed [{wide - 1}:0]"
    return f"""module {PROOF_TOP} ({", ".join(f"input [{bits - 1}:0] {name}" for name, bits in inputs.items())});
  wire [{held.bits - 1}:0] held;
  {module} dut ({pins});
  {number} lo = {lo};
  {number} hi = {hi};
  {number} now = {"$signed(held)" if held.signed else "held"};
  {number} term = 0{terms};
  reg known = 1'b0, legal;
  reg signed [{wide - 1}:0] before, added;
  always @(posedge clk) begin
    known <= 1'b1;
    before <= now;
    added <= term;
    legal <= now >= lo && now <= hi && term >= lo && term <= hi && now + term >= lo && now + term <= hi;
  end
  always @* if (known && legal)
    exact: assert (now == 0 || now == added || now == before || now == before + added);
  always @* adds: cover (known && legal && before != 0 && added != 0 && now == before + added && now != added);
endmodule
"""


def _found(place: Place, design: Design, held: Sum) -> list[_Found]:
    """Find the accumulators in all modules of one short name."""
    top, found = design.manifest.top, []
    for module in (name for name in design.manifest.modules if label_of(name, top) == held.module):
        folder = place.folder / module
        folder.mkdir(parents=True, exist_ok=True)
        for name, text in place.design.items():
            (folder / name).write_text(text, encoding="utf-8")
        passes = [f"read_verilog {' '.join(place.design)}", f"hierarchy -top {module}", "proc", "flatten", "opt_clean"]
        run_yosys([*passes, "write_json flat.json"], directory=folder, timeout=place.seconds, quiet=True)
        text = (folder / "flat.json").read_text(encoding="utf-8")
        for accumulator in find_accumulators(json.loads(text)["modules"][module]):
            # Whatever its width in the Verilog is: the bounds say what it must hold.
            sized = replace(held, bits=len(accumulator.bits))
            found.append(_opened(json.loads(text), module, accumulator, sized))
    return found


def _opened(netlist: dict[str, Any], module: str, accumulator: Accumulator, held: Sum) -> _Found:
    """Free what one accumulator adds."""
    body = netlist["modules"][module]
    inputs = {name: len(port["bits"]) for name, port in body["ports"].items() if port["direction"] == "input"}
    addends = free_addends(body, accumulator)
    netlist["modules"] = {module: body}
    return _Found(module, accumulator.name, netlist, step_harness(module, inputs, addends, held))


def _step(folder: Path, found: _Found, clock: Search) -> tuple[SmtAnswer, SmtAnswer]:
    """Ask the solver for a step that loses something, and for one that adds."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "module.json").write_text(json.dumps(found.netlist), encoding="utf-8")
    passes = ["read_json module.json", f"write_verilog {found.module}.v"]
    run_yosys(passes, directory=folder, timeout=clock.left, quiet=True)
    sources = {"module.v": (folder / f"{found.module}.v").read_text(encoding="utf-8"), "proof.sv": found.harness}
    file = prepare_smt(folder, sources, timeout=clock.left)
    answer = solve(file, 2, clock.left, wave=folder / "trace.vcd")
    covered = solve(file, 2, clock.left, cover=True) if answer.kind == "holds" else SmtAnswer("open")
    return answer, covered


def _keep(place: Place, folder: Path) -> str | None:
    """Keep the waveform of a step that loses something."""
    if place.traces is None:
        return None
    place.traces.mkdir(parents=True, exist_ok=True)
    wave = place.traces / f"{place.stem}-registers.vcd"
    shutil.copy(folder / "trace.vcd", wave)
    shutil.copy(folder / "proof.sv", wave.with_suffix(".sv"))
    return str(wave)
