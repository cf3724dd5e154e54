"""What linters object to in Yosys' Verilog, put right line by line: implied widths and bits that nothing reads."""

import re
from collections.abc import Mapping, Sequence

__all__ = ["explicit_widths", "fold_repeats", "split_shift", "unused_bits"]

_OPERAND = r"\$signed\((?:\{ [^{}]* \}|[\w'\[\]:]+)\)|\{ [^{}]* \}|[\w'\[\]:]+"
_BINARY = re.compile(rf"(  assign (.+?) = )({_OPERAND}) (<<|>>>|>>|[<>=!]=|[-+&|^<>]|~\^) ({_OPERAND});")
_NOT = re.compile(rf"(  assign .+? = )! ({_OPERAND});")
_COMPARE = {"==", "!=", "<", ">", "<=", ">="}
_SHIFT = {"<<", ">>", ">>>"}
_GROUP = re.compile(r"\{ ([^{}]*) \}")
_REPEAT = re.compile(r"(?<=[{,] )([^{},]+), \1(?=,| \})")
_REFERENCE = re.compile(r"(?<![\w'.$])([A-Za-z_]\w*)(?:\[(\d+)(?::(\d+))?\])?")
_PIN = re.compile(r"    \.(\w+)\((.*)\),?")
_INSTANCE = re.compile(r"  (\w+) (\w+) \(")


def explicit_widths(line: str, widths: Mapping[str, int]) -> str:
    """Return an assignment with operands extended in writing, where Verilog would extend them silently.

    Parameters
    ----------
    line
        Any line; all but assignments of one operator are returned as they are.
    widths
        Width of every net of the module.
    """
    try:
        return _explicit(line, widths)
    except (KeyError, ValueError):  # a memory, or something that is not written as plain nets
        return line


def _explicit(line: str, widths: Mapping[str, int]) -> str:
    found = _NOT.fullmatch(line)
    if found and _width(found[2], widths) > 1:
        return f"{found[1]}~| {found[2]};"
    found = _BINARY.fullmatch(line)
    if not found:
        return line
    head, target, a, operator, b = found.groups()
    signed = a.startswith("$signed") and (operator in _SHIFT or b.startswith("$signed"))
    wide_a, wide_b, wide = _width(a, widths), _width(b, widths), _width(target, widths)
    if operator in _SHIFT:
        return f"{head}{_extend(a, widths, wide, signed)} {operator} {b};"
    # One bit more on the left is the carry, which every tool understands.
    result = 0 if operator in _COMPARE else wide - (operator in "+-")
    need = max(wide_a, wide_b, result)
    return f"{head}{_extend(a, widths, need, signed)} {operator} {_extend(b, widths, need, signed)};"


def split_shift(line: str, widths: dict[str, int]) -> list[str]:
    """Return a shift whose result is narrower than its operand as a full shift and a part of it.

    Parameters
    ----------
    line
        Any line; all others are returned as they are.
    widths
        Width of every net of the module; a net that is added is entered.
    """
    found = _BINARY.fullmatch(line)
    if not found or found[4] not in {">>", ">>>"} or not found[2].isidentifier():
        return [line]
    target = found[2]
    try:
        wide, width = _width(found[3], widths), widths[target]
    except (KeyError, ValueError):
        return [line]
    if wide <= width:
        return [line]
    name = f"{target.strip('_')}_shifted"
    name = f"_{name}" if name[0].isdigit() else name
    while name in widths:
        name += "_"
    widths[name] = wide
    shift = f"  assign {name} = {found[3]} {found[4]} {found[5]};"
    part = f"{name}[{width - 1}:0]" if width > 1 else f"{name}[0]"
    return [f"  wire [{wide - 1}:0] {name};", shift, f"{found[1]}{part};"]


def _width(operand: str, widths: Mapping[str, int]) -> int:
    """Return the bits of a constant, net, part of a net or concatenation."""
    if operand.startswith("$signed("):
        return _width(operand[8:-1], widths)
    if operand.startswith("{ "):
        return sum(_width(part, widths) for part in operand[2:-2].split(", "))
    if "'" in operand:
        return int(operand.partition("'")[0])
    if "[" in operand:
        bounds = operand[operand.index("[") + 1 : -1].split(":")
        return abs(int(bounds[0]) - int(bounds[-1])) + 1
    return widths[operand]


def _extend(operand: str, widths: Mapping[str, int], need: int, signed: bool) -> str:
    """Return the operand with zeros or copies of its sign in front, `need` bits wide."""
    more = need - _width(operand, widths)
    if more <= 0 or (operand.startswith("$signed") and not signed):
        return operand
    if not signed and "'" in operand and not operand.startswith("{ "):
        return f"{need}'{operand.partition(chr(39))[2]}"
    if not signed:
        return f"{{ {more}'h0, {_parts(operand)} }}"
    inside = _parts(operand[8:-1])
    return f"$signed({{ {', '.join([_sign(inside, widths)] * more)}, {inside} }})"


def _parts(operand: str) -> str:
    """Return the operand as part of a concatenation."""
    return operand[2:-2] if operand.startswith("{ ") else operand


def _sign(parts: str, widths: Mapping[str, int]) -> str:
    """Return the highest bit of what stands first in a concatenation."""
    first = parts.partition(", ")[0]
    if "'" in first:
        size, _, digits = first.partition("'h")
        return f"1'h{int(digits, 16) >> int(size) - 1 & 1}"
    if "[" in first:
        return re.sub(r"\[(\d+)(:\d+)?\]", r"[\1]", first)
    return f"{first}[{widths[first] - 1}]" if widths[first] > 1 else first


def fold_repeats(line: str) -> str:
    """Return the line with ``a, a, a`` inside a concatenation written as ``{3{a}}``."""
    return _GROUP.sub(_fold, line) if _REPEAT.search(line) else line


def _fold(group: re.Match[str]) -> str:
    parts = group[1].split(", ")
    folded: list[str] = []
    at = 0
    while at < len(parts):
        end = at
        while end < len(parts) and parts[end] == parts[at]:
            end += 1
        count = end - at
        folded += [f"{{{count}{{{parts[at]}}}}}"] if count > 2 else parts[at:end]
        at = end
    return folded[0] if len(folded) == 1 and len(parts) > 2 else f"{{ {', '.join(folded)} }}"


def unused_bits(
    lines: Sequence[str], widths: Mapping[str, int], ports: Mapping[str, str], outputs: Mapping[str, set[str]]
) -> list[str]:
    """Return the nets, or parts of nets, that nothing in the module reads.

    Parameters
    ----------
    lines
        The module without its port declarations.
    widths
        Width of every net.
    ports
        The module's ports: name -> ``input`` or ``output``; an output counts as read.
    outputs
        Output ports of each module of the file: they write the net that is connected to them.
    """
    read = {name: -1 for name, way in ports.items() if way == "output"}
    written = set(ports)
    driven: set[str] = set()
    for line in lines:
        if line.startswith(("  wire ", "  reg ")):
            continue
        found = _INSTANCE.fullmatch(line)
        if found:
            driven = outputs.get(found[1], set())
            continue
        into, out_of = _flow(line, driven)
        for name, _, _ in _REFERENCE.findall(into):
            written.add(name)
        for name, high, low in _REFERENCE.findall(out_of):
            if name in widths:
                mask = (1 << int(high) + 1) - (1 << int(low or high)) if high else (1 << widths[name]) - 1
                read[name] = read.get(name, 0) | mask
    return [
        part for name in sorted(written) if name in widths for part in _holes(name, widths[name], read.get(name, 0))
    ]


def _flow(line: str, driven: set[str]) -> tuple[str, str]:
    """Return what a line writes and what it reads."""
    if line.startswith("  assign "):
        into, _, out_of = line[9:].partition(" = ")
        return into, out_of
    pin = _PIN.fullmatch(line)
    if pin:
        return (pin[2], "") if pin[1] in driven else ("", pin[2])
    before, arrow, after = line.partition(" <= ")
    if not arrow:
        return "", line
    condition, _, into = before.rpartition(") ")
    return into, f"{condition} {after}"


def _holes(name: str, width: int, read: int) -> list[str]:
    """Return the parts of a net whose bits are not in the mask `read`."""
    missing = ~read & (1 << width) - 1
    if missing == (1 << width) - 1:
        return [name]
    parts = []
    while missing:
        low = (missing & -missing).bit_length() - 1
        high = low
        while missing >> high + 1 & 1:
            high += 1
        parts.append(f"{name}[{high}]" if high == low else f"{name}[{high}:{low}]")
        missing &= ~((1 << high + 1) - (1 << low))
    return parts
