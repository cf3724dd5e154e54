"""The built-in gate-equivalent library: what each cell costs in two-input NANDs, and the liberty file that says so."""

import re
from dataclasses import dataclass
from hashlib import sha256

from ..cache import cache_dir
from ..files import whole_file
from .liberty import Library, load_library

__all__ = ["GATES", "REGISTERS", "Gate", "Register", "gate_equivalents", "liberty_text"]


@dataclass(frozen=True)
class Gate:
    """A gate of the built-in library.

    Parameters
    ----------
    name
        Cell name.
    area
        Gate equivalents (GE): area over that of the smallest two-input NAND of the same library.
    function
        Output ``Y`` in liberty's syntax.
    """

    name: str
    area: float
    function: str

    @property
    def inputs(self) -> tuple[str, ...]:
        """Input pins in alphabetic order."""
        return tuple(sorted(set(re.findall(r"[A-Z]", self.function))))


@dataclass(frozen=True)
class Register:
    """A flip-flop, latch or clock gate of the built-in library: its area in GE and its liberty groups."""

    name: str
    area: float
    body: str


# Where the areas come from: for each function the area of the smallest cell over that of the smallest two-input NAND,
# in three published libraries (sky130_fd_sc_hd tt, IHP SG13G2 typ, ASAP7 RVT TT); the median of those that have the
# cell, rounded to a quarter. tests/hdl/test_gate_equivalents.py derives every one again from the liberty files.
GATES = (
    Gate("INV", 0.75, "A'"),
    Gate("BUF", 1.0, "A"),
    Gate("NAND2", 1.0, "(A B)'"),
    Gate("NOR2", 1.0, "(A+B)'"),
    Gate("NAND2B", 1.5, "(A' B)'"),
    Gate("NOR2B", 1.5, "(A'+B)'"),
    Gate("AND2", 1.5, "A B"),
    Gate("OR2", 1.5, "A+B"),
    Gate("NAND3", 1.25, "(A B C)'"),
    Gate("NOR3", 1.25, "(A+B+C)'"),
    Gate("AND3", 1.75, "A B C"),
    Gate("OR3", 1.75, "A+B+C"),
    Gate("NAND4", 1.5, "(A B C D)'"),
    Gate("NOR4", 1.5, "(A+B+C+D)'"),
    Gate("AOI21", 1.25, "((A B)+C)'"),
    Gate("OAI21", 1.25, "((A+B) C)'"),
    Gate("AO21", 1.75, "(A B)+C"),
    Gate("AOI22", 1.5, "((A B)+(C D))'"),
    Gate("OAI22", 1.5, "((A+B) (C+D))'"),
    Gate("AOI211", 1.75, "((A B)+C+D)'"),
    Gate("OAI211", 1.75, "((A+B) C D)'"),
    Gate("XOR2", 2.25, "A^B"),
    Gate("XNOR2", 2.25, "(A^B)'"),
    Gate("MUX2", 2.75, "(A S')+(B S)"),
    Gate("MAJ3", 2.5, "(A B)+(A C)+(B C)"),
)

D_PIN = "pin (D) { direction : input; } "
CLOCK_PIN = "pin (CK) { direction : input; clock : true; } "
Q_PIN = 'pin (Q) { direction : output; function : "IQ"; }'
FF = 'ff (IQ, IQN) { clocked_on : "CK"; next_state : "D"; '
PINS = CLOCK_PIN + D_PIN + Q_PIN

# By the same rule. An enable is no cell here but a multiplexer: of the three libraries only sky130 has such a
# flip-flop, and there it costs as much as flip-flop and multiplexer, which also merge with the logic before them.
REGISTERS = (
    Register("DFF", 5.25, FF + "} " + PINS),
    Register("DFFR", 6.75, FF + 'clear : "RN\'"; } pin (RN) { direction : input; } ' + PINS),
    Register("DFFS", 6.75, FF + 'preset : "SN\'"; } pin (SN) { direction : input; } ' + PINS),
    Register(
        "DLATCH",
        4.0,
        'latch (IQ, IQN) { enable : "G"; data_in : "D"; } pin (G) { direction : input; } ' + D_PIN + Q_PIN,
    ),
    Register(
        "ICG",
        4.5,
        'clock_gating_integrated_cell : "latch_posedge"; '
        "pin (E) { direction : input; clock_gate_enable_pin : true; } "
        "pin (CK) { direction : input; clock : true; clock_gate_clock_pin : true; } "
        "pin (GCK) { direction : output; clock_gate_out_pin : true; }",
    ),
)

HEAD = """library (rtloom_ge) {
  comment : "areas in gate equivalents: 1 = the smallest two-input NAND; no timing";
  delay_model : table_lookup;
  time_unit : "1ns"; voltage_unit : "1V"; current_unit : "1mA"; pulling_resistance_unit : "1kohm";
  leakage_power_unit : "1nW"; capacitive_load_unit (1, pf);
"""
# ABC maps only cells that have a delay: every gate gets the same
ONE = 'cell_rise (scalar) { values ("1"); } cell_fall (scalar) { values ("1"); } '
SLOPE = 'rise_transition (scalar) { values ("1"); } fall_transition (scalar) { values ("1"); } '


def liberty_text() -> str:
    """Return the library as a liberty file."""
    gates = [f"  cell ({g.name}) {{ area : {g.area}; {_pins(g)}}}\n" for g in GATES]
    registers = [f"  cell ({r.name}) {{ area : {r.area}; {r.body} }}\n" for r in REGISTERS]
    return HEAD + "".join(gates + registers) + "}\n"


def _pins(gate: Gate) -> str:
    """Return the pins of a gate."""
    inputs = "".join(f"pin ({pin}) {{ direction : input; capacitance : 0.001; }} " for pin in gate.inputs)
    arcs = "".join(f'timing () {{ related_pin : "{p}"; timing_sense : non_unate; {ONE}{SLOPE}}} ' for p in gate.inputs)
    return f'{inputs}pin (Y) {{ direction : output; function : "{gate.function}"; {arcs}}} '


def gate_equivalents() -> Library:
    """Return the built-in library; its areas are in GE."""
    text = liberty_text()
    path = cache_dir("liberty") / f"rtloom_ge-{sha256(text.encode()).hexdigest()[:16]}.lib"
    if not path.exists():
        with whole_file(path, "Cache") as file:
            file.write(text.encode())
    loaded = load_library([path])
    return Library("rtloom gate equivalents", loaded.files, loaded.sha256, "GE", loaded.cells, loaded.register_files)
