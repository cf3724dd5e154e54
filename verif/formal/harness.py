"""The module around a design that states what is proven: streams bound to the rules file, assumptions, assertions."""

from collections.abc import Sequence
from pathlib import Path

from ...hdl.manifest import BoundStream, Manifest

__all__ = [
    "PROOF_TOP",
    "given",
    "handshakes_harness",
    "progress_harness",
    "rules_file",
    "rules_harness",
    "stall_harness",
    "transfer_harness",
]

PROOF_TOP = "rtloom_proof"
"""Name of the module around the design."""


def rules_file() -> str:
    """Return the text of the one file with the rules of streams."""
    return Path(__file__).with_name("rules.sv").read_text(encoding="utf-8")


def given(manifest: Manifest) -> list[BoundStream]:
    """Return the streams that a design gives."""
    return [bound for bound in manifest.streams if bound.port.direction == "out"]


def rules_harness(manifest: Manifest) -> str:
    """State that every stream that the design gives keeps the rules if those that it takes do; resets at any time."""
    return _module(manifest, [_bind(bound, bound.port.direction == "out") for bound in manifest.streams])


def stall_harness(manifest: Manifest, stream: BoundStream) -> str:
    """State that a stream whose beats are never taken never offers one; a counterexample shows that it does."""
    lines = [_bind(bound, False) for bound in manifest.streams if bound.port.direction == "in"]
    never = f"always @* assume (!rst == !first && !{stream.signals.ready});"
    return _module(manifest, [*lines, never, f"always @* never_offered: assert (rst || !{stream.signals.valid});"])


def progress_harness(manifest: Manifest, cycles: int) -> str:
    """State that a beat moves somewhere at least every `cycles` cycles if all is offered and taken; resets at any time.

    Nothing is assumed of what the beats hold, not even that frames are legal.
    """
    moves = " || ".join(f"({_moves(bound)})" for bound in manifest.streams)
    width = cycles.bit_length() + 1
    counter = [
        f"reg [{width - 1}:0] idle = 0;",
        f"wire moves = {moves};",
        "always @(posedge clk) idle <= (rst || moves) ? 0 : idle + 1;",
        f"always @* must_move: assert (idle < {cycles});",
    ]
    return _module(manifest, [*_eager(manifest), *counter])


def transfer_harness(manifest: Manifest, stream: BoundStream) -> str:
    """State that a stream never gives a beat though all is offered and taken; a counterexample shows that it does."""
    once = "always @* assume (!rst == !first);"
    return _module(manifest, [*_eager(manifest), once, f"always @* never_given: assert (rst || !({_moves(stream)}));"])


def handshakes_harness(manifest: Manifest) -> str:
    """Show the design's handshakes alone: its inputs, and valid and ready of its outputs."""
    shown = [_answer(bound) for bound in manifest.streams]
    lines = [f"assign seen_{name} = {name};" for name in shown]
    return _module(manifest, lines, [f"output seen_{name}" for name in shown])


def _answer(bound: BoundStream) -> str:
    """Return the handshake that the design itself drives: valid of an output, ready of an input."""
    return bound.signals.valid if bound.port.direction == "out" else bound.signals.ready


def _moves(bound: BoundStream) -> str:
    return f"{bound.signals.valid} && {bound.signals.ready}"


def _eager(manifest: Manifest) -> list[str]:
    """Offer every input and take every output in every cycle."""
    lines = [_bind(bound, False) for bound in manifest.streams if bound.port.direction == "in"]
    for bound in manifest.streams:
        is_input = bound.port.direction == "in"
        # After a cycle of reset nothing may be offered yet: a beat that comes then comes in the next cycle.
        eager = f"{bound.signals.valid} || rst || was_reset" if is_input else bound.signals.ready
        lines.append(f"always @* assume ({eager});")
    return lines


def _bind(bound: BoundStream, asserts: bool) -> str:
    """Bind a stream to the rules."""
    signals, name = bound.signals, bound.port.name
    beat = f"{{{signals.data}, {signals.last}}}" if signals.last else signals.data
    bits = 8 * bound.port.nbytes + bool(signals.last)
    pins = f".valid({signals.valid}), .ready({signals.ready}), .beat({beat})"
    rules = f"rtloom_stream_rules #(.BITS({bits}), .GIVES({int(asserts)})) {name}_rules"
    return f"{rules} (.clk(clk), .rst(rst), {pins});"


def _module(manifest: Manifest, lines: Sequence[str], outputs: Sequence[str] = ()) -> str:
    """Return the module: the design with all inputs free, in reset in the first cycle."""
    reset = "~rst" if manifest.reset.active_low else "rst"
    ports, wires, pins = ["input clk", "input rst"], [], [f".{manifest.clock}(clk)", f".{manifest.reset.name}({reset})"]
    for bound in manifest.streams:
        for name, wire in bound.wires.items():
            bits = f"[{wire.width - 1}:0] {name}"
            if wire.direction == "in":
                ports.append(f"input {bits}")
            else:
                wires.append(f"wire {bits};")
            pins.append(f".{name}({name})")
    begin = [
        "reg first = 1'b1;",
        "reg was_reset = 1'b0;",
        "always @(posedge clk) first <= 1'b0;",
        "always @(posedge clk) was_reset <= rst;",
        "always @* assume (!first || rst);",
    ]
    body = [*wires, *begin, f"{manifest.top} dut ({', '.join(pins)});", *lines]
    head = f"module {PROOF_TOP} ({', '.join([*ports, *outputs])});"
    return "\n  ".join([head, *body]) + "\nendmodule\n"
