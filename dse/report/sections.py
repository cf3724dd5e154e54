"""Tables of the page: the front with the source of each figure, all variants, commands, times."""

import shlex
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from pathlib import Path

from ..explore.result import Variant
from .gather import Gathered
from .units import label_of, readable

__all__ = ["commands", "front_table", "not_counted", "out_counts", "times", "variants_table"]

ROWS = 400
"""Variants that the page lists; points.csv has all."""

ORDER: tuple[str, ...] = (
    "cycles",
    "simulated_cycles",
    "latency",
    "throughput",
    "utilisation",
    "area",
    "gate_equivalents",
    "flip_flops",
)
ORDER += ("delay", "lut", "dsp", "ram", "energy", "energy_logic", "energy_sram", "energy_dram", "energy_per_mac", "edp")


class Sources:
    """Numbers for sources, in the order in which they are met."""

    def __init__(self) -> None:
        self.numbers: dict[str, int] = {}

    def mark(self, source: str) -> str:
        """Return the number of a source as a link to where it is written out."""
        number = self.numbers.setdefault(source, len(self.numbers) + 1)
        return f'<sup><a href="#source-{number}" title="{escape(source, quote=True)}">{number}</a></sup>'

    def listed(self) -> str:
        """Return all sources, written out."""
        rows = (f'<li id="source-{number}">{escape(source)}</li>' for source, number in self.numbers.items())
        return f'<ol class="sources">{"".join(rows)}</ol>'


def front_table(gathered: Gathered) -> str:
    """Return every figure of every point of the front, figures from top to bottom, with the source of each."""
    best, sources = gathered.found.best, Sources()
    heads = "".join(
        f'<th scope="col"><b>{gathered.tags[v.id]}</b><br><code>{escape(v.point)}</code></th>' for v in best
    )
    rows = [f"<tr><th>point</th>{heads}</tr>"]
    for name in best[0].axes:
        rows += [_row(f'<th scope="row">{escape(name)}</th>', (escape(str(v.axes[name])) for v in best))]
    rows.append(_row('<th scope="row">recipe</th>', (escape(v.recipe) for v in best)))
    names = dict.fromkeys(name for variant in best for name in variant.figures)
    for name in sorted(names, key=lambda each: ORDER.index(each) if each in ORDER else len(ORDER)):
        rows += [_figures(name, best, sources, wanted=name in gathered.found.objectives)]
    table = f'<div class="wide"><table class="figures">{"".join(rows)}</table></div>'
    return f"{table}<p>Bold: what was looked for. Sources of the figures, by their numbers:</p>{sources.listed()}"


def _figures(name: str, best: Sequence[Variant], sources: Sources, *, wanted: bool) -> str:
    """Return the row of a figure; its source stands at its name where it is the same for all."""
    every = {variant.figures[name].source for variant in best if name in variant.figures}
    shared = sources.mark(next(iter(every))) if len(every) == 1 else ""
    cells = []
    for variant in best:
        figure = variant.figures.get(name)
        mark = sources.mark(figure.source) if figure is not None and not shared else ""
        cells.append("\u2013" if figure is None else f"{escape(readable(figure))}{mark}")
    words = f"<b>{escape(label_of(name))}</b>" if wanted else escape(label_of(name))
    return _row(f'<th scope="row">{words}{shared}</th>', cells)


def _row(head: str, cells: Iterable[str]) -> str:
    row = "".join(f'<td class="n">{cell}</td>' for cell in cells)
    return f"<tr>{head}{row}</tr>"


def variants_table(gathered: Gathered) -> str:
    """Return all variants with their main figures, and why they are out or beaten."""
    found = gathered.found
    axes = list(dict.fromkeys(name for variant in found.variants for name in variant.axes))
    names = [n for n in dict.fromkeys([*found.objectives, "area", "latency", "utilisation"]) if n in gathered.unit]
    heads = ["", "point", *axes, "recipe", "tier", *map(label_of, names), "state"]
    head = "".join(f'<th scope="col">{escape(each)}</th>' for each in heads)
    rows = [f"<tr>{head}</tr>"]
    for variant in found.variants[:ROWS]:
        tag = gathered.tags.get(variant.id, "")
        beaten = "beaten" if variant.tier == 2 else "beaten, what is estimated taken at its best"
        state = "on the front" if tag else (f"out: {variant.reason}" if variant.reason else beaten)
        cells = [f"<b>{tag}</b>", f"<code>{escape(variant.point)}</code>"]
        cells += [escape(str(variant.axes.get(name, ""))) for name in axes]
        cells += [escape(variant.recipe), str(variant.tier), *(_cell(variant, name) for name in names)]
        kind = "good" if tag else "hole" if variant.reason else ""
        rows.append(f"<tr>{''.join(f'<td>{c}</td>' for c in cells)}<td class='{kind}'>{escape(state)}</td></tr>")
    more = len(found.variants) - ROWS
    rest = f"<p>and {more:,} more in points.csv</p>" if more > 0 else ""
    return f'<div class="wide"><table class="variants">{"".join(rows)}</table></div>{rest}'


def _cell(variant: Variant, name: str) -> str:
    """Return a figure with its source as a tooltip."""
    figure = variant.figures.get(name)
    if figure is None:
        return "\u2013"
    return f'<span title="{escape(figure.source, quote=True)}">{escape(readable(figure))}</span>'


def out_counts(gathered: Gathered) -> str:
    """Return why variants are out, and how many each."""
    if not gathered.reasons:
        return ""
    rows = (f"<li>{count} \u00d7 {escape(reason)}</li>" for reason, count in gathered.reasons.items())
    return f"<ul>{''.join(rows)}</ul>"


def not_counted(gathered: Gathered) -> str:
    """Return what is in none of the figures: layers that no design of the space runs, and other work."""
    found, lines = gathered.found, list[str]()
    if found.reasons:
        share = f"{100 * (1 - found.coverage):.1f} %"
        count = f"{len(found.reasons)} layer{'s' * (len(found.reasons) > 1)}"
        inner = "".join(f"<li>{escape(f'{name}: {reason}')}</li>" for name, reason in found.reasons.items())
        lines.append(
            f"{share} of the {gathered.workload.counted}, in {count} that the designs cannot run:<ul>{inner}</ul>"
        )
    other = gathered.workload.not_counted
    if other:
        lines.append(f"what the network computes besides: {escape(', '.join(other))}")
    for reason, points in found.unknown.items():
        lines.append(f"{points:,} points, which have no estimate and were not proposed: {escape(reason)}")
    if not lines:
        return "<p>Nothing of the workload: every layer runs and is in all figures.</p>"
    return f"<ul>{''.join(f'<li>{line}</li>' for line in lines)}</ul>"


def commands(gathered: Gathered, command: str, store: Path, designs: Mapping[str, Path]) -> str:
    """Return the commands that do everything again; `designs` are the files of the front's designs by variant."""
    kept = shlex.quote(str(store))
    text = _command("the exploration; it goes on where it was, and all is kept in the store", command)
    for variant in gathered.found.best:
        tag, point = gathered.tags[variant.id], shlex.quote(variant.point)
        file, folder = (shlex.quote(str(path)) for path in (designs[variant.id], designs[variant.id].with_suffix("")))
        text += f"<h3>{tag} <code>{escape(variant.point)}</code>, {escape(variant.recipe)}</h3>"
        text += _command("every figure again, and compared", f"rtloom reproduce {point} --store {kept}")
        text += _command("area, energy, cycles taken apart", f"rtloom explain {point} --store {kept}")
        text += _command("the design as Verilog", f"rtloom verilog {file} -o {folder}")
    return text


def _command(words: str, line: str) -> str:
    return (
        f'<div class="command"><span>{escape(words)}</span><code>{escape(line)}</code>'
        '<button class="copy" type="button">copy</button></div>'
    )


def times(seconds: Mapping[str, float], versions: Iterable[str]) -> str:
    """Return how long each tier took, and what did the work."""
    spent = ", ".join(f"{escape(tier)} {value:,.1f} s" for tier, value in seconds.items())
    return f"<p>Wall-clock time of this run: {spent}. Tools: {escape(', '.join(versions))}.</p>"
