"""Technologies for estimates: a library with its power, from liberty files or built in, and what a node makes of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean

from ..errors import InputError, must
from ..hdl.gate_equivalents import gate_equivalents, liberty_text
from ..hdl.liberty import Library, load_library
from ..hdl.liberty_power import CellPower, Nominal, PowerFacts, flip_flop_of, load_power
from ..hdl.liberty_power_tables import cells_of

__all__ = ["CELLS", "NODES", "Node", "Ratio", "Technology", "node_of", "technology"]


@dataclass(frozen=True)
class Ratio:
    """Power of a built-in cell over that of the smallest two-input NAND of the same library.

    Parameters
    ----------
    output
        Internal energy of an output transition over the NAND's.
    capacitance
        Of an input pin (mean; of a register its data or enable pin) over the NAND's.
    leakage
        Over the NAND's.
    input
        Internal energy of an input transition over the NAND's output transition.
    clock, clock_capacitance
        Of registers and clock gates: energy of a cycle at the clock pin, and the pin's capacitance, over the NAND's.
    """

    output: float
    capacitance: float
    leakage: float
    input: float = 0.0
    clock: float = 0.0
    clock_capacitance: float = 0.0


# By the rule of the areas in rtloom.hdl.gate_equivalents: the smallest cell of each function over the smallest NAND2 of
# its library, median of sky130_fd_sc_hd tt, IHP SG13G2 typ and ASAP7 RVT TT, rounded to a twentieth.
# tests/dse/test_technology.py derives every one again from the liberty files.
CELLS: Mapping[str, Ratio] = {
    "INV": Ratio(0.85, 1.35, 0.8),
    "BUF": Ratio(2.25, 0.9, 1.35),
    "NAND2": Ratio(1.0, 1.0, 1.0),
    "NOR2": Ratio(1.05, 1.0, 0.95),
    "NAND2B": Ratio(1.25, 0.85, 1.3, 0.7),
    "NOR2B": Ratio(1.2, 0.85, 1.3, 0.75),
    "AND2": Ratio(2.6, 0.85, 1.7),
    "OR2": Ratio(2.55, 0.8, 1.4),
    "NAND3": Ratio(1.6, 1.0, 1.05),
    "NOR3": Ratio(1.7, 1.05, 1.15),
    "AND3": Ratio(2.95, 0.85, 2.65),
    "OR3": Ratio(3.0, 0.85, 1.5),
    "NAND4": Ratio(1.85, 1.0, 1.15),
    "NOR4": Ratio(2.05, 1.0, 1.0),
    "AOI21": Ratio(1.3, 1.0, 1.4),
    "OAI21": Ratio(1.25, 1.15, 1.55),
    "AO21": Ratio(3.35, 1.05, 2.8),
    "AOI22": Ratio(1.7, 1.05, 1.7),
    "OAI22": Ratio(1.8, 1.1, 1.25, 0.1),
    "AOI211": Ratio(2.3, 1.2, 1.05, 0.05),
    "OAI211": Ratio(2.4, 1.2, 1.25),
    "XOR2": Ratio(2.6, 1.9, 2.25),
    "XNOR2": Ratio(3.5, 1.95, 2.4),
    "MUX2": Ratio(3.15, 1.1, 2.45, 0.5),
    "MAJ3": Ratio(5.95, 1.9, 3.75, 0.05),
    "DFF": Ratio(5.75, 0.7, 6.3, 1.3, 11.75, 0.95),
    "ICG": Ratio(2.75, 0.8, 4.8, 4.65, 6.95, 1.8),
}


@dataclass(frozen=True)
class Node:
    """What the smallest two-input NAND of a library is: all that the built-in cells need to become absolute.

    Parameters
    ----------
    name, source
        Short name; library, corner and version the facts come from.
    voltage
        Volts.
    area
        Square micrometres.
    energy
        Femtojoules inside the gate for a transition of its output.
    capacitance
        Femtofarads of an input.
    leakage
        Nanowatts.
    delay
        Picoseconds, with a fan-out of two such gates and the slope of a row of them: one level of logic.
    """

    name: str
    source: str
    voltage: float
    area: float
    energy: float
    capacitance: float
    leakage: float
    delay: float

    @property
    def switched(self) -> float:
        """Femtojoules of a transition that drives two such gates: internal energy and half of C V^2."""
        return self.energy + self.capacitance * self.voltage**2


# Facts of published libraries, derived again by tests/dse/test_technology.py; three significant digits.
NODES: Mapping[str, Node] = {
    node.name: node
    for node in (
        Node("asap7", "ASAP7 7.5t RVT TT NLDM, 0.7 V, 25 C (predictive)", 0.7, 0.0583, 0.0366, 0.342, 0.0304, 18.2),
        Node("sky130", "sky130_fd_sc_hd tt_025C_1v80", 1.8, 3.75, 3.69, 2.32, 0.00212, 64.3),
        Node("sg13g2", "IHP SG13G2 sg13g2_stdcell_typ_1p20V_25C", 1.2, 7.26, 2.52, 2.93, 0.0812, 54.8),
    )
}


@dataclass(frozen=True)
class Technology:
    """What designs are mapped to and what that takes.

    Parameters
    ----------
    name
        Of the library, and of the node where the library is the built-in one.
    library, power
        Cells and their power.
    node
        Its smallest two-input NAND.
    liberty
        Liberty files; none for the built-in library.
    """

    name: str
    library: Library
    power: PowerFacts
    node: Node
    liberty: tuple[Path, ...] = ()

    @property
    def level_delay_ps(self) -> float:
        """Picoseconds that a level of logic takes, without wires."""
        return self.node.delay

    @property
    def area_um2(self) -> float:
        """Square micrometres of one gate equivalent."""
        return self.node.area

    @property
    def source(self) -> str:
        """Library and where its power comes from, for the source of a figure."""
        mark = f"{self.library.name} sha256:{self.library.sha256[:12]}"
        return mark if self.liberty else f"{mark} at {self.node.source}"


def technology(liberty: Sequence[str | Path] = (), node: str = "sky130") -> Technology:
    """Return the technology of liberty files, or without any the built-in library at a node.

    Parameters
    ----------
    liberty
        Liberty files that make up one library.
    node
        ``asap7``, ``sky130`` or ``sg13g2``, for the built-in library: whose NAND its cells are measured in.

    Raises
    ------
    InputError
        There is no such node, or the files lack what `load_library` and `load_power` need.
    """
    if liberty:
        library = load_library(liberty)
        power = load_power(library)
        return Technology(library.name, library, power, node_of(library, power), tuple(map(Path, liberty)))
    if node not in NODES:
        raise must("Technology node", f"be one of {', '.join(NODES)}", node)
    anchor = NODES[node]
    return Technology(f"built-in at {node}", gate_equivalents(), _built_in(anchor), anchor)


def node_of(library: Library, power: PowerFacts) -> Node:
    """Return what the smallest two-input NAND of a library is.

    Raises
    ------
    InputError
        There is none.
    """
    cell = library.smallest("(A B)'", "AB")
    if cell is None:
        raise InputError(f"Liberty {library.name} must hold a two-input NAND")
    facts = power.cells[cell.name]
    return Node(
        name=library.name,
        source=library.name,
        voltage=power.voltage,
        area=cell.area,
        energy=1e15 * fmean(facts.output_energy.values()),
        capacitance=1e15 * fmean(facts.capacitance.values()),
        leakage=1e9 * facts.leakage,
        delay=1e12 * power.nominal.delay,
    )


def _built_in(node: Node) -> PowerFacts:
    """Return the power of the built-in library's cells at a node; those without a ratio are never mapped to."""
    cells = {text.name: text for text in cells_of(liberty_text())}
    library = gate_equivalents()
    energy, farads, watts = 1e-15 * node.energy, 1e-15 * node.capacitance, 1e-9 * node.leakage
    facts = {}
    for name, ratio in CELLS.items():
        cell = library.cells[name]
        clocks = tuple(pin for pin in cell.inputs if pin == "CK")
        facts[name] = CellPower(
            leakage=ratio.leakage * watts,
            capacitance={
                p: (ratio.clock_capacitance if p in clocks else ratio.capacitance) * farads for p in cell.inputs
            },
            output_energy=dict.fromkeys(cell.outputs, ratio.output * energy),
            input_energy={p: ratio.input * energy for p in cell.inputs if p not in clocks},
            clock_energy=dict.fromkeys(clocks, ratio.clock * energy),
            flip_flop=flip_flop_of(cells[name]),
        )
    nominal = Nominal("NAND2", 2 * farads, 0.0, 1e-12 * node.delay)
    return PowerFacts(library.name, node.voltage, nominal, facts)
