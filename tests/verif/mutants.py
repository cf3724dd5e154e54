"""Designs broken on purpose: the emitted Verilog with its top module wrapped in a fault at the boundary."""

import re
from dataclasses import replace

from rtloom.generators.design import Design

HEAD = """
  reg [31:0] beat;
  reg waited;
  reg [31:0] since;
  always @(posedge {clock}) begin
    waited <= {valid} & ~{ready};
    if ({valid} & {ready}) beat <= beat + 1;
    if ({valid}) since <= 0; else since <= since + 1;
    if ({reset}) begin beat <= 0; waited <= 0; since <= 0; end
  end
"""

FAULTS = {
    # What the wrapper puts in the place of valid, data and last of the output, and of the ready that the design sees.
    "valid_dropped": {"valid": "inner_valid & ~waited", "inner_ready": "{ready} & ~waited"},
    "data_changed": {"data": "inner_data ^ waited"},
    "last_changed": {"last": "inner_last ^ waited"},
    "beat_lost": {
        "valid": "inner_valid & ~(lost == 0 & beat == 3)",
        "inner_ready": "{ready} | (lost == 0 & beat == 3)",
    },
    "beat_repeated": {"inner_ready": "{ready} & ~(beat == 3)"},
    "beat_extra": {"valid": "inner_valid | (beat != 0 & since == 40)"},
    "never_ready": {"stop": "taken == 5"},
    "never_valid": {"valid": "inner_valid & (beat < 2)", "inner_ready": "{ready} & (beat < 2)"},
    "valid_in_reset": {"valid": "inner_valid | {reset}"},
    "valid_waits_for_ready": {"valid": "inner_valid & {ready}"},
    "data_wrong": {"data": "inner_data ^ (beat == 5 ? {top_lane} : 0)"},
    "last_lost": {"last": "1'b0"},
    "last_early": {"last": "inner_last | (beat == 0)"},
    "bubble": {"valid": "inner_valid & (since != 0 | beat < 2)", "inner_ready": "{ready} & (since != 0 | beat < 2)"},
    "reset_forgotten": {"inner_reset": "{reset} & (resets == 0)"},
}


def broken(design: Design, fault: str) -> Design:
    """Return the design with a fault around it; ports, manifest and name stay."""
    manifest, top = design.manifest, design.manifest.top
    inner = re.sub(rf"\bmodule {top}\b", f"module {top}__inner", design.verilog)
    return replace(design, verilog=inner + wrapper(manifest, fault))


def wrapper(manifest, fault: str) -> str:
    """Return the wrapper's Verilog."""
    out = next(bound for bound in manifest.streams if bound.port.direction == "out")
    first = next(bound for bound in manifest.streams if bound.port.direction == "in")
    s, i = out.signals, first.signals
    reset = f"~{manifest.reset.name}" if manifest.reset.active_low else manifest.reset.name
    lane = out.port.fields[0].format.bits
    words = {
        "clock": manifest.clock,
        "reset": reset,
        "valid": s.valid,
        "ready": s.ready,
        "top_lane": f"({8 * out.port.nbytes}'d1 << {lane})",
    }
    change = {key: text.format(**words) for key, text in FAULTS[fault].items()}
    stop = change.get("stop", "1'b0")
    inner_reset = change.get("inner_reset", reset)
    ports, pins = [], []
    for bound in manifest.streams:
        here, width = bound.port.direction == "in", 8 * bound.port.nbytes
        flow, back = ("input", "output") if here else ("output", "input")
        g = bound.signals
        ports += [f"{flow} {g.valid}", f"{back} {g.ready}", f"{flow} [{width - 1}:0] {g.data}"]
        pins += [f".{g.valid}({'inner_valid' if g is s else g.valid + stopped(g, i)})"]
        pins += [f".{g.ready}({'inner_ready' if g is s else ('inner_taken' if g is i else g.ready)})"]
        pins += [f".{g.data}({'inner_data' if g is s else g.data})"]
        if g.last is not None:
            ports.append(f"{flow} {g.last}")
            pins.append(f".{g.last}({'inner_last' if g is s else g.last})")
    active = "~" if manifest.reset.active_low else ""
    inner_ready = change.get("inner_ready", s.ready)
    connections = ", ".join(pins).replace("(inner_ready)", f"({inner_ready})")
    return f"""
module {manifest.top}(input {manifest.clock}, input {manifest.reset.name}, {", ".join(ports)});
  wire inner_valid, inner_taken, inner_last;
  wire [{8 * out.port.nbytes - 1}:0] inner_data;
  reg lost;
  reg [31:0] taken, resets;
  reg in_reset;
  initial begin resets = 0; in_reset = 0; end
  wire stop = {stop};
{HEAD.format(**words)}
  always @(posedge {manifest.clock}) begin
    if (inner_valid & beat == 3) lost <= 1;
    if ({i.valid} & {i.ready}) taken <= taken + 1;
    in_reset <= {reset};
    if (in_reset & ~({reset})) resets <= resets + 1;
    if ({reset}) begin lost <= 0; taken <= 0; end
  end
  assign {s.valid} = {change.get("valid", "inner_valid")};
  assign {s.data} = {change.get("data", "inner_data")};
  assign {s.last} = {change.get("last", "inner_last")};
  assign {i.ready} = inner_taken & ~stop;
  {manifest.top}__inner inner(.{manifest.clock}({manifest.clock}),
    .{manifest.reset.name}({active}({inner_reset})), {connections});
endmodule
"""


def stopped(signals, first) -> str:
    """Return the gate of the first input's valid: what is not taken is not offered either."""
    return " & ~stop" if signals is first else ""
