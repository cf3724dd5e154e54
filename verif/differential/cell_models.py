"""Simulation models of an FPGA's cells, from the library that comes with Yosys: those that a netlist uses."""

import importlib.util
import re
from collections import Counter
from pathlib import Path

from ...errors import ToolError

__all__ = ["cell_models", "tie_open_inputs"]

MULTIPLIER_PINS = 18
_MODULE = re.compile(r"^[ \t]*module\s+\\?([\w$]+).*?\bendmodule\b", re.DOTALL | re.MULTILINE)
_TIMING = re.compile(r"^[ \t]*specify\b.*?\bendspecify\b", re.DOTALL | re.MULTILINE)
_INCLUDE = re.compile(r'^`include "([^"]+)"', re.MULTILINE)
_COMMENT = re.compile(r"//[^\n]*")
_FUNCTION = re.compile(r"\bfunction\b.*?\bendfunction\b", re.DOTALL)
_INPUT = re.compile(r"\binput\s+(?:signed\s+)?(?:\[[^\]]*\]\s*)?(\w+)")
_INSTANCE = re.compile(r"^  (\w+) (#\(.*?\n  \) )?(\\\S+ |\w+) \(\n(.*?)\n  \);", re.DOTALL | re.MULTILINE)
_PIN = re.compile(r"^ +\.(\w+)\(", re.MULTILINE)
_WORD = re.compile(r"[\w$]+")


def cell_models(target: str, netlist: str) -> str:
    """Return the Verilog of the cells that a netlist uses, and of those that they use.

    Parameters
    ----------
    target
        Folder of the library: ``ice40``, ``ecp5`` or ``xilinx``.
    netlist
        Its Verilog; modules that it has itself are left out.

    Raises
    ------
    ToolError
        Where Yosys is not installed.
    """
    text = _TIMING.sub("", _library(_share() / target / "cells_sim.v"))
    known = {found[1]: found[0] for found in _MODULE.finditer(text)}
    known |= {"MULT18X18D": _multiplier()} if target == "ecp5" else {}
    header = text[: min((found.start() for found in _MODULE.finditer(text)), default=0)]
    taken: dict[str, str] = {}
    left = _used(netlist, known)
    while left:
        name = left.pop()
        if name not in taken:
            taken[name] = known[name]
            left |= _used(known[name], known) - taken.keys()
    return "\n".join([header, *(taken[name] for name in sorted(taken)), ""])


def tie_open_inputs(netlist: str, models: str) -> tuple[str, dict[str, int]]:
    """Let inputs of cells that Yosys leaves open hold 0, so that simulators do not have each a value of their own.

    Parameters
    ----------
    netlist
        As Yosys writes it.
    models
        The Verilog of its cells.

    Returns
    -------
    tuple
        The netlist, and how many instances leave each ``CELL.PIN`` open.
    """
    modules = _MODULE.finditer(_FUNCTION.sub("", models))
    inputs = {found[1]: tuple(dict.fromkeys(_INPUT.findall(found[0]))) for found in modules}
    open_pins: Counter[str] = Counter()

    def tie(instance: re.Match[str]) -> str:
        known = set(_PIN.findall(instance[4]))
        missing = [pin for pin in inputs.get(instance[1], ()) if pin not in known]
        if not missing:
            return instance[0]
        open_pins.update(f"{instance[1]}.{pin}" for pin in missing)
        return instance[0].removesuffix("\n  );") + "".join(f",\n    .{pin}(0)" for pin in missing) + "\n  );"

    return _INSTANCE.sub(tie, netlist), dict(open_pins)


def _used(text: str, known: dict[str, str]) -> set[str]:
    """Return the known modules whose names stand in a text."""
    return set(_WORD.findall(text)) & known.keys()


def _share() -> Path:
    """Return the folder of Yosys' libraries."""
    spec = importlib.util.find_spec("pyosys")
    if spec is None or not spec.submodule_search_locations:
        raise ToolError("Yosys must be installed as the Python package pyosys, which was not found")
    return Path(spec.submodule_search_locations[0]) / "share"


def _library(file: Path) -> str:
    """Return a library's text with the files that it includes, without comments."""
    text = _COMMENT.sub("", file.read_text())
    return _INCLUDE.sub(lambda found: _library(file.parent / found[1]), text)


def _multiplier() -> str:
    """Return the multiplier of the ECP5 as Yosys uses it, without registers; the library has no model of it."""
    a, b = ([f"{side}{pin}" for pin in range(MULTIPLIER_PINS)] for side in "AB")
    c = [f"C{pin}" for pin in range(MULTIPLIER_PINS)]
    product = [f"P{pin}" for pin in range(2 * MULTIPLIER_PINS)]
    return f"""
module MULT18X18D({", ".join(f"input {pin}" for pin in [*a, *b, *c, "SIGNEDA", "SIGNEDB", "SOURCEA", "SOURCEB"])},
    {", ".join(f"output {pin}" for pin in product)});
  wire [17:0] a = {{{", ".join(reversed(a))}}};
  wire [17:0] b = {{{", ".join(reversed(b))}}};
  wire signed [18:0] left = {{SIGNEDA & a[17], a}};
  wire signed [18:0] right = {{SIGNEDB & b[17], b}};
  wire signed [37:0] whole = left * right;
  assign {{{", ".join(reversed(product))}}} = whole[35:0];
endmodule
"""
