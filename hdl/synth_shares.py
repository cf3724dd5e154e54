"""Who takes the area: modules of one label, or groups of them along the instance paths."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence

from .liberty import Library
from .netlist import Netlist, label_of
from .synth_report import Share

__all__ = ["REST", "shares_by_group", "shares_by_label"]

REST = "control"
"""Group of the top and of what stands in it without a group of its own."""


def shares_by_label(netlist: Netlist, library: Library) -> tuple[Share, ...]:
    """Return what the modules of each label take, without the modules inside them, largest first."""
    return _shares(netlist, library, ((n, label_of(n, netlist.top), count) for n, count in netlist.uses.items()))


def shares_by_group(netlist: Netlist, library: Library, groups: Mapping[str, Sequence[str]]) -> tuple[Share, ...]:
    """Return what each group takes; a module of no group counts with the module that it stands in."""
    group_of = {label: group for group, labels in groups.items() for label in labels}
    uses: dict[str, Counter[str]] = defaultdict(Counter)
    uses[netlist.top][group_of.get("top", REST)] = 1
    for name in reversed(netlist.order):
        for child, count in netlist.modules[name].counts.items():
            if child in netlist.modules:
                for outer, outer_uses in uses[name].items():
                    group = group_of.get(label_of(child, netlist.top), outer)
                    uses[child][group] += count * outer_uses
    return _shares(netlist, library, ((n, g, count) for n, by in uses.items() for g, count in by.items()))


def _shares(netlist: Netlist, library: Library, uses: Iterable[tuple[str, str, int]]) -> tuple[Share, ...]:
    """Add up (module, name, how often) by name."""
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    areas: dict[str, float] = defaultdict(float)
    for module, name, times in uses:
        cells = {kind: n for kind, n in netlist.modules[module].counts.items() if kind in library.cells}
        registers = sum(n for kind, n in cells.items() if library.cells[kind].kind == "flip-flop")
        counts[name].update(modules=1, instances=times, cells=times * sum(cells.values()), flip_flops=times * registers)
        areas[name] += times * sum(n * library.cells[kind].area for kind, n in cells.items())
    total = sum(areas.values()) or 1
    shares = [Share(name, **row, area=areas[name], share=100 * areas[name] / total) for name, row in counts.items()]
    return tuple(sorted(shares, key=lambda share: (-share.area, share.label)))
