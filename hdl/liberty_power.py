"""What a standard-cell library says about power: leakage, capacitances, energy per transition and per clock cycle."""

import json
import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from statistics import fmean
from typing import Any

from ..cache import cache_dir
from ..errors import InputError, must
from ..files import whole_file
from .liberty import Cell, Library
from .liberty_power_tables import CellText, Group, Templates, Units, cells_of, read_templates, read_units

__all__ = ["CellPower", "FlipFlop", "Nominal", "PowerFacts", "flip_flop_of", "load_power"]

FORMAT = 1  # of the cached facts; raise it when CellPower changes
CORNERS = ("cell_rise", "cell_fall"), ("rise_transition", "fall_transition")


@dataclass(frozen=True)
class FlipFlop:
    """What a flip-flop does: its liberty ``ff`` group.

    Parameters
    ----------
    state, inverse
        Names of the state and its inverse, as output functions use them.
    clock, data
        Functions of the input pins: when it takes over, and what.
    clear, preset
        Functions of the input pins that force the state; empty where there is none.
    """

    state: str
    inverse: str
    clock: str
    data: str
    clear: str = ""
    preset: str = ""


@dataclass(frozen=True)
class CellPower:
    """Power of one cell.

    Parameters
    ----------
    leakage
        Watts.
    capacitance
        Farads of each input pin.
    output_energy
        Joules inside the cell for a transition of an output, mean of rise and fall; the load is not in it.
    input_energy
        Joules inside the cell for a transition of an input other than the clock; outputs are counted on their own.
    clock_energy
        Joules inside a register or clock gate for one cycle of the clock pin, rise and fall, while no output changes.
    flip_flop
        Its function, None where it is none.
    """

    leakage: float
    capacitance: dict[str, float]
    output_energy: dict[str, float]
    input_energy: dict[str, float]
    clock_energy: dict[str, float]
    flip_flop: FlipFlop | None = None


@dataclass(frozen=True)
class Nominal:
    """The point of the tables at which everything is read.

    Parameters
    ----------
    gate
        Smallest two-input NAND (NOR where there is none).
    load
        Farads: two of its inputs (a fan-out of two).
    slope
        Seconds: the slope that a row of such gates settles at, each driving two.
    delay
        Seconds: mean of its rising and falling delay there, one level of logic.
    """

    gate: str
    load: float
    slope: float
    delay: float


@dataclass(frozen=True)
class PowerFacts:
    """Power of a library.

    Parameters
    ----------
    library
        Its name.
    voltage
        Volts.
    nominal
        Where tables were read.
    cells
        By name.
    """

    library: str
    voltage: float
    nominal: Nominal
    cells: dict[str, CellPower]


def load_power(library: Library) -> PowerFacts:
    """Return what the liberty files of a library say about power, the second time from the cache.

    Tables are read at the library's `Nominal` point, interpolated. Where an output has tables for several related pins,
    conditions or supply rails, their mean is taken: rails are two views of one charge. A register's output counts its
    clock's tables alone; where the clock pin has no energy for the edge at which the output changes, the energy of an
    edge without change is taken off the output's, so that both can be added up.

    Raises
    ------
    InputError
        The library has no voltage, no capacitances or no internal power.
    """
    cached = cache_dir("liberty") / f"{library.sha256[:16]}-power-{FORMAT}.json"
    try:
        return _from_dict(json.loads(cached.read_text()))
    except (OSError, ValueError, TypeError, KeyError):
        pass
    texts = [file.read_text(errors="replace") for file in library.files]
    units = [read_units(text) for text in texts]
    if not all(unit.voltage > 0 for unit in units):
        raise InputError(f"Liberty {library.name} must state its voltage (nom_voltage)")
    nominal = _nominal(library, texts, units)
    cells = {}
    for text, unit in zip(texts, units, strict=True):
        templates = read_templates(text)
        for cell in cells_of(text):
            cells[cell.name] = _CellFacts(cell, library.cells[cell.name], templates, unit, nominal).facts()
    if not any(any(cell.output_energy.values()) for cell in cells.values()):
        raise InputError(f"Liberty {library.name} must hold internal_power of its cells")
    facts = PowerFacts(library.name, units[0].voltage * units[0].volt, nominal, cells)
    with whole_file(cached, "Cache") as out:
        out.write(json.dumps(asdict(facts)).encode())
    return facts


def _from_dict(raw: dict[str, Any]) -> PowerFacts:
    """Read what the cache holds."""
    cells = {}
    for name, cell in raw["cells"].items():
        flip_flop = cell.pop("flip_flop")
        cells[name] = CellPower(**cell, flip_flop=FlipFlop(**flip_flop) if flip_flop else None)
    return PowerFacts(raw["library"], raw["voltage"], Nominal(**raw["nominal"]), cells)


def _nominal(library: Library, texts: Iterable[str], units: Iterable[Units]) -> Nominal:
    """Find the load and the slope of a row of small gates with a fan-out of two."""
    gate = library.smallest("(A B)'", "AB") or library.smallest("(A+B)'", "AB")
    for text, unit in zip(texts, units, strict=True):
        for cell in cells_of(text, only=gate.name if gate else ""):
            load = 2 * fmean(_capacitance(cell, pin) for pin in gate.inputs) if gate else 0.0
            timing = [group for _, group in cell.groups if group.kind == "timing"]
            if load <= 0 or not timing:
                raise must(f"Liberty {library.name} cell {cell.name}", "have pin capacitances and delays", "none")
            templates = read_templates(text)
            slope = 0.0
            for _ in range(20):  # settles after a few rounds
                slope = _mean(timing, CORNERS[1], slope, load, templates)
            delay = _mean(timing, CORNERS[0], slope, load, templates)
            return Nominal(cell.name, load * unit.farad, slope * unit.second, delay * unit.second)
    raise InputError(f"Liberty {library.name} must hold a two-input NAND or NOR to read its tables for")


def _capacitance(cell: CellText, pin: str) -> float:
    """Return a pin's capacitance in the file's unit."""
    return float(cell.pins.get(pin, {}).get("capacitance", "0"))


def _mean(groups: Iterable[Group], names: Iterable[str], slope: float, load: float, templates: Templates) -> float:
    """Return the mean over the groups' tables of these names; 0 where there is none."""
    tables = [group.tables[name] for group in groups for name in names if name in group.tables]
    return fmean([table.at(slope, load, templates) for table in tables] or [0.0])


def flip_flop_of(text: CellText) -> FlipFlop | None:
    """Return what a flip-flop does, None where the cell is none."""
    for _, group in text.groups:
        if group.kind == "ff":
            state, inverse = re.findall(r"\w+", group.values["states"])[:2]
            found = [group.values.get(key, "") for key in ("clocked_on", "next_state", "clear", "preset")]
            return FlipFlop(state, inverse, *found)
    return None


class _CellFacts:
    """Turns what one cell says into SI units."""

    def __init__(self, text: CellText, cell: Cell, templates: Templates, unit: Units, nominal: Nominal) -> None:
        self.text, self.cell, self.templates, self.unit = text, cell, templates, unit
        self.slope, self.load = nominal.slope / unit.second, nominal.load / unit.farad
        self.power: dict[str, list[Group]] = defaultdict(list)
        for pin, group in text.groups:
            if group.kind == "internal_power":
                self.power[pin].append(group)

    def facts(self) -> CellPower:
        """Return the facts."""
        flip_flop = flip_flop_of(self.text)
        clocks = self._clocks(flip_flop)
        outputs = {pin: self._output(pin, clocks) for pin in self.cell.outputs}
        inputs = {pin: self._energy(self.power[pin]) for pin in self.cell.inputs if pin not in clocks}
        return CellPower(
            leakage=self._leakage() * self.unit.watt,
            capacitance={pin: _capacitance(self.text, pin) * self.unit.farad for pin in self.cell.inputs},
            output_energy=outputs,
            input_energy=inputs,
            clock_energy={pin: self._edge(pin, "rise") + self._edge(pin, "fall") for pin in clocks},
            flip_flop=flip_flop,
        )

    def _clocks(self, flip_flop: FlipFlop | None) -> tuple[str, ...]:
        """Return the pins that see the clock."""
        if flip_flop:
            return tuple(pin for pin in self.cell.inputs if pin in re.findall(r"\w+", flip_flop.clock))
        return self.cell.gate_pins[1:2]

    def _energy(self, groups: Iterable[Group]) -> float:
        """Return the mean of rise and fall in joules."""
        return _mean(groups, ("rise_power", "fall_power", "power"), self.slope, self.load, self.templates) * (
            self.unit.joule
        )

    def _output(self, pin: str, clocks: tuple[str, ...]) -> float:
        """Return the energy of a transition of an output."""
        groups = self.power[pin]
        at_edge = [group for group in groups if set(group.values.get("related_pin", "").split()) & set(clocks)]
        energy = self._energy(at_edge or groups)
        if self.cell.kind == "flip-flop":
            energy -= sum(self._edge(clock, "rise") for clock in clocks if self._counted_at_output(clock))
        return energy

    def _counted_at_output(self, clock: str) -> bool:
        """Tell whether the clock pin leaves the edges at which the output changes to the output: a single 0."""
        tables = [group.tables["rise_power"] for group in self.power[clock] if "rise_power" in group.tables]
        return any(set(table.values) == {0.0} for table in tables)

    def _edge(self, pin: str, edge: str) -> float:
        """Return the energy of one edge of a clock pin; conditions that are counted elsewhere are left out."""
        tables = [
            group.tables[key] for group in self.power[pin] for key in (f"{edge}_power", "power") if key in group.tables
        ]
        told = [table.at(self.slope, self.load, self.templates) for table in tables if set(table.values) != {0.0}]
        return fmean(told or [0.0]) * self.unit.joule

    def _leakage(self) -> float:
        """Return the leakage in the file's unit: the cell's own figure, else the mean over its conditions."""
        if float(self.text.values.get("cell_leakage_power", "0")):
            return float(self.text.values["cell_leakage_power"])
        by_state: dict[str, float] = defaultdict(float)  # rails add up
        for _, group in self.text.groups:
            if group.kind == "leakage_power":
                by_state[group.values.get("when", "")] += float(group.values.get("value", "0"))
        return by_state[""] if "" in by_state else fmean(by_state.values() or [0.0])
