"""Designs broken on purpose: the emitted Verilog with its top module wrapped in a fault that the bench must catch."""

import re
from dataclasses import replace

from ..errors import must
from ..generators.design import Design
from ..hdl.manifest import BoundStream, Manifest

__all__ = ["FAULTS", "broken"]

FAULTS: dict[str, dict[str, str]] = {
    "valid_dropped": {"valid": "inner_valid & ~waited", "inner_ready": "{ready} & ~waited"},
    "data_changed": {"data": "inner_data ^ waited"},
    "last_changed": {"last": "inner_last ^ waited"},
    "beat_lost": {"valid": "inner_valid & ~drop", "inner_ready": "{ready} | drop"},
    "beat_repeated": {"inner_ready": "{ready} & ~(beat == 3)"},
    "beat_extra": {"valid": "inner_valid | (beat != 0 & since == 40)"},
    "never_ready": {"stop": "taken == 5"},
    "never_valid": {"valid": "inner_valid & (beat < 2)", "inner_ready": "{ready} & (beat < 2)"},
    "valid_in_reset": {"valid": "inner_valid | {reset}"},
    "valid_waits_for_ready": {"valid": "inner_valid & {ready}"},
    "edge_wrong": {"data": "inner_data ^ (beat == 5)"},
    "last_lost": {"last": "1'b0"},
    "last_early": {"last": "inner_last | (beat == 0)"},
    "bubble": {"valid": "inner_valid & (since != 0 | beat < 2)", "inner_ready": "{ready} & (since != 0 | beat < 2)"},
    "reset_forgotten": {"inner_reset": "{reset} & (resets == 0)"},
}
"""For each fault what stands in the place of the first output's valid, data or last, of the ready and the reset that
the design sees, and when the first input stops. ``beat`` counts beats of the output, ``taken`` those of the input,
``since`` the cycles without valid; ``waited`` says that a beat was held back, ``drop`` is high for beat 3 once."""


def broken(design: Design, fault: str) -> Design:
    """Return the design with a fault around it; ports, manifest and name stay.

    Raises
    ------
    InputError
        Where there is no such fault.
    """
    if fault not in FAULTS:
        raise must("Fault", f"be one of {', '.join(FAULTS)}", fault)
    top = design.manifest.top
    inner = re.sub(rf"\bmodule {top}\b", f"module {top}__inner", design.verilog)
    return replace(design, verilog=inner + _wrapper(design.manifest, fault))


def _wrapper(manifest: Manifest, fault: str) -> str:
    """Return a top module that holds the old one and the fault."""
    out, first = (_first(manifest, direction) for direction in ("out", "in"))
    s, i, reset = out.signals, first.signals, manifest.reset
    active = f"~{reset.name}" if reset.active_low else reset.name
    change = {key: text.format(valid=s.valid, ready=s.ready, reset=active) for key, text in FAULTS[fault].items()}
    inner_reset = change.get("inner_reset", active)
    pins = {name: name for name in (manifest.clock, *_ports(manifest))} | {
        s.valid: "inner_valid",
        s.data: "inner_data",
        s.last or "": "inner_last",
        s.ready: change.get("inner_ready", s.ready),
        i.ready: "inner_taken",
        i.valid: f"{i.valid} & ~stop",
        reset.name: f"~({inner_reset})" if reset.active_low else inner_reset,
    }
    return TEMPLATE.format(
        top=manifest.top,
        ports=", ".join([f"input {manifest.clock}", f"input {reset.name}", *_ports(manifest).values()]),
        pins=", ".join(f".{name}({wire})" for name, wire in pins.items() if name),
        high=8 * out.port.nbytes - 1,
        clock=manifest.clock,
        reset=active,
        stop=change.get("stop", "1'b0"),
        valid=s.valid,
        ready=s.ready,
        offered=i.valid,
        accepted=i.ready,
        set_valid=change.get("valid", "inner_valid"),
        set_data=f"assign {s.data} = {change.get('data', 'inner_data')};",
        set_last=f"assign {s.last} = {change.get('last', 'inner_last')};" if s.last else "",
    )


def _first(manifest: Manifest, direction: str) -> BoundStream:
    """Return the first stream of that direction."""
    return next(bound for bound in manifest.streams if bound.port.direction == direction)


def _ports(manifest: Manifest) -> dict[str, str]:
    """Return the declaration of each stream's ports by name."""
    declared = {}
    for bound in manifest.streams:
        for name, wire in bound.wires.items():
            bits = f"[{wire.width - 1}:0] " if name == bound.signals.data else ""
            declared[name] = f"{wire.direction}put {bits}{name}"
    return declared


TEMPLATE = """
module {top}({ports});
  wire inner_valid, inner_taken, inner_last;
  wire [{high}:0] inner_data;
  reg [31:0] beat, since, taken, resets;
  reg waited, dropped, in_reset;
  initial begin resets = 0; in_reset = 0; end
  wire stop = {stop};
  wire drop = ~dropped & beat == 3;
  always @(posedge {clock}) begin
    waited <= {valid} & ~{ready};
    since <= {valid} ? 0 : since + 1;
    if ({valid} & {ready}) beat <= beat + 1;
    if ({offered} & {accepted}) taken <= taken + 1;
    if (inner_valid & drop) dropped <= 1;
    in_reset <= {reset};
    if (in_reset & ~({reset})) resets <= resets + 1;
    if ({reset}) begin beat <= 0; since <= 0; taken <= 0; waited <= 0; dropped <= 0; end
  end
  assign {valid} = {set_valid};
  assign {accepted} = inner_taken & ~stop;
  {set_data}
  {set_last}
  {top}__inner inner({pins});
endmodule
"""
