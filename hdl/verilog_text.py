"""The last touch to Yosys' Verilog: ports in the header, comments that lead back to Python, short lines."""

import re
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from ..errors import ToolError
from .verilog_lint import explicit_widths, fold_repeats, split_shift, unused_bits

__all__ = ["finish"]

_WIDTH = 120
_MODULE = re.compile(r"module (\w+)\(.*")
_PORT = re.compile(r"  (input|output) (\[(\d+):0\] )?(\w+);")
_NET = re.compile(r"  (wire|reg) (?:\[(\d+):0\] )?(\w+)( \[.*\])?;")


@dataclass
class _Module:
    """One module as Yosys wrote it: ports in order, width of every net, everything else line by line."""

    name: str
    ports: dict[str, tuple[str, str]] = field(default_factory=dict)
    registers: set[str] = field(default_factory=set)
    widths: dict[str, int] = field(default_factory=dict)
    body: list[str] = field(default_factory=list)

    def add(self, line: str) -> None:
        """Take in one line."""
        port, net = _PORT.fullmatch(line), _NET.fullmatch(line)
        if port:
            self.ports[port[4]] = port[1], port[2] or ""
            return
        if net:
            if not net[4]:
                self.widths[net[3]] = int(net[2] or 0) + 1
            if net[3] in self.ports:
                if net[1] == "reg":
                    self.registers.add(net[3])
                return
        self.body.append(line)


def finish(text: str, origins: Mapping[str, str], header: Sequence[str]) -> str:
    """Return the file with `header` and, before each module, where it came from; free of what linters object to.

    Parameters
    ----------
    text
        The output of Yosys' ``write_verilog``.
    origins
        Module name -> what the comment before it says.
    header
        Lines of comment for the head of the file.

    Raises
    ------
    ToolError
        Where a module of `origins` is not in the text.
    """
    modules = _split(text)
    missing = origins.keys() - {module.name for module in modules}
    if missing:
        raise ToolError(f"Yosys must write every module, but {', '.join(sorted(missing))} is missing")
    outputs = {module.name: {port for port, (way, _) in module.ports.items() if way == "output"} for module in modules}
    result = [_comment(line) for line in header]
    for module in modules:
        result.append("")
        if module.name in origins:
            result.append(_comment(f"{module.name}: {origins[module.name]}"))
        result.extend(_declaration(module))
        result.extend(_body(module, outputs))
    return "\n".join(result) + "\n"


def _split(text: str) -> list[_Module]:
    """Return the modules of the file."""
    modules: list[_Module] = []
    open_module: _Module | None = None
    in_header = False
    for line in text.splitlines():
        found = _MODULE.fullmatch(line)
        if found:
            modules.append(_Module(found[1]))
            in_header = True
        if in_header:
            # Yosys breaks a long list of ports; their declarations follow.
            in_header = not line.endswith(");")
            open_module = modules[-1]
        elif open_module is not None:
            open_module.add(line)
            if line == "endmodule":
                open_module = None
    return modules


def _declaration(module: _Module) -> Iterator[str]:
    """Yield the module's header."""
    if not module.ports:
        yield f"module {module.name};"
        return
    yield f"module {module.name} ("
    kinds = {port: "reg" if port in module.registers else "wire" for port in module.ports}
    yield ",\n".join(f"  {way:6} {kinds[port]:4} {width}{port}" for port, (way, width) in module.ports.items())
    yield ");"


def _body(module: _Module, outputs: Mapping[str, set[str]]) -> Iterator[str]:
    """Yield what follows the header."""
    split = [part for line in module.body for part in split_shift(line, module.widths)]
    lines = [fold_repeats(explicit_widths(line, module.widths)) for line in split]
    unused = unused_bits(lines, module.widths, {port: way for port, (way, _) in module.ports.items()}, outputs)
    if unused:
        # The usual idiom: a name with "unused" in it tells linters that these bits are left out on purpose.
        name = "unused"
        while name in module.widths:
            name += "_"
        lines[-1:] = [f"  wire {name} = &{{ 1'h0, {', '.join(unused)} }};", lines[-1]]
    for line in lines:
        yield from _wrap(line) if len(line) > _WIDTH else (line,)


def _comment(text: str) -> str:
    """Return a line, or several where it is long, as a comment."""
    indent = "//   " + " " * (len(text) - len(text.lstrip()))
    lines = textwrap.wrap(
        f"// {text}", _WIDTH, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False
    )
    return "\n".join(lines)


def _wrap(line: str) -> Iterator[str]:
    """Break a long line behind commas."""
    indent = line[: len(line) - len(line.lstrip())]
    rest = line
    while len(rest) > _WIDTH:
        cut = rest.rfind(", ", len(indent) + 4, _WIDTH)
        if cut < 0:
            cut = rest.find(", ", len(indent) + 4)
        if cut < 0:
            break
        yield rest[: cut + 1]
        rest = f"{indent}    {rest[cut + 2 :]}"
    yield rest
