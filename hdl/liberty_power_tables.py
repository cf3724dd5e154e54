"""Reads the tables of a liberty file: statements in a row, and values between the points that a table has."""

import re
from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from itertools import pairwise

from ..errors import must

__all__ = ["CellText", "Table", "Templates", "Units", "cells_of", "read_templates", "read_units"]

COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)
STATEMENT = re.compile(
    r"\b(?:(?P<axis>index_1|index_2|values)\s*\((?P<numbers>[^)]*)\)"
    r'|cell\s*\(\s*"?(?P<cell>[^\s")]+)"?\s*\)\s*\{'
    r'|(?P<pg>pg_)?pin\s*\(\s*"?(?P<pin>[^\s")]+)"?\s*\)\s*\{'
    r"|(?P<group>internal_power|leakage_power|timing|ff|ff_bank|latch|latch_bank|statetable|test_cell)\s*"
    r"\((?P<states>[^)]*)\)\s*\{"
    r"|(?P<table>rise_power|fall_power|power|cell_rise|cell_fall|rise_transition|fall_transition|rise_constraint"
    r'|fall_constraint)\s*\(\s*"?(?P<template>[^\s")]*)"?\s*\)\s*\{'
    r"|(?P<name>capacitance|related_pin|when|cell_leakage_power|value|clock|direction|clocked_on|next_state|clear"
    r'|preset)\s*:\s*(?:"(?P<quoted>[^"]*)"|(?P<bare>[^\s;}"]+)))'
)
TEMPLATE = re.compile(r'\b(?:power_lut|lu_table)_template\s*\(\s*"?([^\s")]+)"?\s*\)\s*\{([^}]*)\}')
PREFIXES = {"": 1.0, "m": 1e-3, "u": 1e-6, "n": 1e-9, "p": 1e-12, "f": 1e-15, "a": 1e-18}


@dataclass(frozen=True)
class Units:
    """Units of a liberty file in SI: volts, farads, watts and seconds; energies are farads times volts squared."""

    voltage: float
    volt: float
    farad: float
    watt: float
    second: float

    @property
    def joule(self) -> float:
        """Unit of internal power, which liberty counts as energy per transition."""
        return self.farad * self.volt**2


@dataclass(frozen=True)
class Templates:
    """Axes that tables fall back on, by template; those of `swapped` have the load first."""

    axes: Mapping[str, tuple[tuple[float, ...], tuple[float, ...]]]
    swapped: frozenset[str]


@dataclass
class Table:
    """A table over input slope and output load; of one value, a row or a field of them."""

    template: str
    texts: dict[str, str] = field(default_factory=dict)

    @cached_property
    def values(self) -> tuple[float, ...]:
        """All values; most tables of a library are never asked for them."""
        return _numbers(self.texts.get("values", ""))

    def at(self, slope: float, load: float, templates: Templates) -> float:
        """Return the value there, interpolated linearly in both directions and constant beyond the ends."""
        values = self.values
        if len(values) <= 1:
            return values[0] if values else 0.0
        first, second = templates.axes.get(self.template, ((), ()))
        first, second = _axis(self.texts.get("index_1", "")) or first, _axis(self.texts.get("index_2", "")) or second
        point = (load, slope) if self.template in templates.swapped else (slope, load)
        if len(first) * max(len(second), 1) != len(values):
            raise must(
                f"Liberty table {self.template}", f"have {len(first)} x {max(len(second), 1)} values", len(values)
            )
        if not second:
            return _between(first, values, point[0])
        width = len(second)
        rows = [_between(second, values[i * width : (i + 1) * width], point[1]) for i in range(len(first))]
        return _between(first, rows, point[0])


@dataclass
class Group:
    """A group inside a pin or cell: its kind, its conditions and its tables."""

    kind: str
    values: dict[str, str] = field(default_factory=dict)
    tables: dict[str, Table] = field(default_factory=dict)


@dataclass
class CellText:
    """What a cell says: attributes of its own, of each pin, and the groups of each pin (`""`: of the cell)."""

    name: str
    values: dict[str, str] = field(default_factory=dict)
    pins: dict[str, dict[str, str]] = field(default_factory=dict)
    groups: list[tuple[str, Group]] = field(default_factory=list)


def read_units(text: str) -> Units:
    """Return the units of a liberty file from its head."""
    head = text[:200_000]
    load = re.search(r"\bcapacitive_load_unit\s*\(\s*([\d.eE+-]+)\s*,\s*\"?(\w*)[fF]\"?\s*\)", head)
    voltage = re.search(r"\bnom_voltage\s*:\s*\"?([\d.]+)", head)
    return Units(
        voltage=float(voltage[1]) if voltage else 0.0,
        volt=_unit(head, "voltage_unit", "V", 1.0),
        farad=float(load[1]) * PREFIXES[load[2].lower()] if load else 1e-12,
        watt=_unit(head, "leakage_power_unit", "W", 1e-9),
        second=_unit(head, "time_unit", "s", 1e-9),
    )


def read_templates(text: str) -> Templates:
    """Return the axes of the templates."""
    axes, swapped = {}, set()
    head = text[: next(iter(_begins(text)), len(text))]
    for name, body in TEMPLATE.findall(head):
        found = {key: _numbers(numbers) for key, numbers in re.findall(r"\b(index_[12])\s*\(([^)]*)\)", body)}
        axes[name] = (found.get("index_1", ()), found.get("index_2", ()))
        if re.search(r'\bvariable_1\s*:\s*"?total_output_net_capacitance', body):
            swapped.add(name)
    return Templates(axes, frozenset(swapped))


def cells_of(text: str, only: str = "") -> Iterator[CellText]:
    """Yield the cells of a text, or `only` the one of that name."""
    plain = COMMENT.sub("", text)
    for begin, end in pairwise([*_begins(plain), len(plain)]):
        head = STATEMENT.match(plain, begin)
        if head is not None and head["cell"] and only in ("", head["cell"]):
            yield _cell(head["cell"], STATEMENT.finditer(plain, head.end(), end))


def _begins(text: str) -> Iterator[int]:
    """Yield where cells begin; a pattern that begins with letters is several times as quick as one with a border."""
    for found in re.finditer(r"cell\s*\(", text):
        at = found.start()
        if at == 0 or not (text[at - 1].isalnum() or text[at - 1] == "_"):
            yield at


def _cell(name: str, statements: Iterator[re.Match[str]]) -> CellText:
    """Collect the statements of one cell."""
    cell, pin = CellText(name), ""
    group: Group | None = None
    table: Table | None = None
    for statement in statements:
        if statement["axis"]:
            if table is not None:
                table.texts[statement["axis"]] = statement["numbers"]
        elif statement["pin"]:
            pin, group = ("" if statement["pg"] else statement["pin"]), None
            if pin:
                cell.pins.setdefault(pin, {})
        elif statement["group"] == "test_cell":
            break  # a scan register's second view of itself
        elif statement["group"]:
            group = Group(statement["group"], {"states": statement["states"]})
            cell.groups.append(("" if group.kind in ("ff", "ff_bank") else pin, group))
        elif statement["table"]:
            table = Table(statement["template"])
            if group is not None:
                group.tables[statement["table"]] = table
        else:
            _attribute(cell, pin, group, statement)
    return cell


def _attribute(cell: CellText, pin: str, group: Group | None, statement: re.Match[str]) -> None:
    """Put a plain attribute where it belongs: those of pins keep their place behind the pin's groups too."""
    name, value = statement["name"], statement["quoted"] or statement["bare"] or ""
    if name == "cell_leakage_power":
        cell.values[name] = value
    elif name in ("capacitance", "clock", "direction"):
        if pin:
            cell.pins[pin].setdefault(name, value)
    elif group is not None:
        group.values.setdefault(name, value)


@lru_cache(maxsize=1024)
def _axis(text: str) -> tuple[float, ...]:
    """Return an axis; a library has a few that come again and again."""
    return _numbers(text)


def _numbers(text: str) -> tuple[float, ...]:
    """Return the numbers of a quoted list, which may go over several lines."""
    return tuple(map(float, text.replace('"', " ").replace("\\", " ").replace(",", " ").split()))


def _between(axis: Sequence[float], values: Sequence[float], at: float) -> float:
    """Interpolate linearly; beyond the ends the value at the end."""
    if len(axis) == 1 or at <= axis[0]:
        return values[0]
    if at >= axis[-1]:
        return values[-1]
    i = bisect_right(axis, at) - 1
    return values[i] + (values[i + 1] - values[i]) * (at - axis[i]) / (axis[i + 1] - axis[i])


def _unit(head: str, name: str, letter: str, default: float) -> float:
    """Return a unit such as ``1pW`` in SI."""
    found = re.search(rf'\b{name}\s*:\s*"?\s*([\d.]*)\s*([munpfa]?){letter}', head)
    return float(found[1] or 1) * PREFIXES[found[2]] if found else default
