"""Synthesis of many designs with several libraries: every distinct module once, whatever designs it stands in."""

import json
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256

from ..errors import ToolError
from .liberty import Library
from .netlist import Netlist, label_of
from .synth_gates import GateOptions, all_mapped, cell_passes, coarse, generic_passes
from .synth_run import SynthRun

__all__ = ["Part", "Parts", "parts_of", "synthesize_parts"]

MODULE = re.compile(r"^module (\S+) .*?^endmodule$", re.DOTALL | re.MULTILINE)
TOP = "parts"


@dataclass(frozen=True)
class Part:
    """A module that may stand in many designs.

    Parameters
    ----------
    name
        ``part_`` and a digest of its text and of those of the modules inside it: equal parts have equal names.
    text
        Verilog, the names of modules being those of parts.
    children
        Parts that it is made of.
    """

    name: str
    text: str
    children: tuple[str, ...]


@dataclass(frozen=True)
class Parts:
    """The parts of one design: each with how often it stands there, by the module's label (see `label_of`)."""

    parts: Mapping[str, Part]
    uses: Mapping[tuple[str, str], int]


def parts_of(verilog: str, top: str) -> Parts:
    """Return the parts of a design of this package, whose module names begin with its top's."""
    texts = {found[1]: found[0] for found in MODULE.finditer(verilog)}
    if top not in texts:
        raise ToolError(f"The Verilog must hold the module {top}, but has {', '.join(texts) or 'none'}")
    word = re.compile(rf"\b{re.escape(top)}(?:__\w+)?\b")
    named: dict[str, Part] = {}

    def visit(module: str) -> Part:
        if module not in named:
            inside = dict.fromkeys(w for w in word.findall(texts[module]) if w in texts and w != module)
            names = {child: visit(child).name for child in inside} | {module: "part"}
            text = word.sub(lambda found: names.get(found[0], found[0]), texts[module])
            name = f"part_{sha256(text.encode()).hexdigest()[:20]}"
            text = text.replace("module part ", f"module {name} ", 1)
            named[module] = Part(name, text, tuple(names[child] for child in inside))
        return named[module]

    visit(top)
    return Parts({part.name: part for part in named.values()}, _uses(texts, named, top))


def _uses(texts: Mapping[str, str], named: dict[str, Part], top: str) -> dict[tuple[str, str], int]:
    """Return how often each part stands in the design; children come before their parents in `named`."""
    uses: Counter[str] = Counter({top: 1})
    for module in reversed(named):
        for child, count in Counter(re.findall(r"^\s+(\S+) \S+ \($", texts[module], re.MULTILINE)).items():
            if child in named:
                uses[child] += count * uses[module]
    total: Counter[tuple[str, str]] = Counter()
    for module, part in named.items():
        total[part.name, label_of(module, top)] += uses[module]
    return dict(total)


def synthesize_parts(
    fresh: Iterable[str],
    parts: Mapping[str, Part],
    libraries: Sequence[Library],
    options: GateOptions,
    time_limit: float = 1800.0,
) -> dict[str, list[tuple[float, int]]]:
    """Synthesise parts, one run for all that does not depend on the library.

    Parameters
    ----------
    fresh
        Names of those wanted.
    parts
        These and all parts inside them.
    libraries
        Cell libraries.
    options
        The recipe, which keeps the hierarchy.

    Returns
    -------
    dict
        For each of `fresh` and each library: area in its unit and flip-flops, without the parts inside.

    Raises
    ------
    ToolError
        Yosys is missing, reports an error or runs out of time, or a cell could not be mapped.
    """
    wanted = list(dict.fromkeys(fresh))
    with SynthRun(_verilog(wanted, parts), TOP, time_limit) as run:
        found = coarse(run, options)
        run.yosys([*generic_passes(run, options, found), "write_rtlil generic.il"])
        areas: dict[str, list[tuple[float, int]]] = {name: [] for name in wanted}
        for library in libraries:
            run.yosys(["read_rtlil generic.il", *cell_passes(library, options), "write_json mapped.json"])
            netlist = Netlist(json.loads((run.folder / "mapped.json").read_text()), TOP)
            all_mapped((cell for cell in netlist.cells() if cell not in parts), library)
            for name in wanted:
                areas[name].append(_own(netlist, name, library))
    return areas


def _verilog(wanted: Sequence[str], parts: Mapping[str, Part]) -> str:
    """Return one design that holds the wanted parts; those that stand in them, and are not wanted, as empty boxes."""
    boxes = dict.fromkeys(child for name in wanted for child in parts[name].children if child not in wanted)
    texts = [parts[name].text for name in wanted] + [f"(* blackbox *)\n{parts[name].text}" for name in boxes]
    places = [f"  (* keep *) {name} p{n} ();" for n, name in enumerate(wanted)]
    return "\n".join([*texts, f"module {TOP} ();", *places, "endmodule\n"])


def _own(netlist: Netlist, name: str, library: Library) -> tuple[float, int]:
    """Return area and flip-flops of one part alone."""
    counts = netlist.modules[name].counts
    cells = {cell: n for cell, n in counts.items() if cell in library.cells}
    registers = sum(n for cell, n in cells.items() if library.cells[cell].kind == "flip-flop")
    return sum(n * library.cells[cell].area for cell, n in cells.items()), registers
