"""The report as one page that needs no network: what was explored, what came out, how far it can be trusted."""

import re
from collections.abc import Mapping
from html import escape
from pathlib import Path

from ... import __version__
from ...verif.pages import page, tiles
from .costs import energy_plot, estimate_plot
from .front import axes_of, front_plot
from .gather import Gathered
from .layers import roofline_plot, utilisation_plot
from .script import SCRIPT
from .sections import commands, front_table, not_counted, out_counts, times, variants_table
from .tools import tool

__all__ = ["report_page"]

STYLE = """
:root { color-scheme:light }
@media (prefers-color-scheme: dark) {
  :root { --ink:#1d2733; --soft:#5b6b7d; --line:#dfe5ec; --good:#1f8a5b; --bad:#c2413b; --pale:#f6f8fa; --card:#fff }
}
h3 { font-size:.95rem; margin:1rem 0 .3rem }
dl { display:grid; grid-template-columns:max-content 1fr; gap:.15rem 1.2rem }
dt { color:var(--soft) }
dd { margin:0; overflow-wrap:anywhere } figure.card { padding:.6rem .6rem .8rem; margin:.6rem 0 }
figcaption { color:var(--soft); font-size:.86rem; padding:.2rem .6rem 0 } .wide { overflow-x:auto }
.controls { display:flex; gap:1.2rem; padding:.2rem .6rem; font-size:.9rem; color:var(--soft) }
select, button { font:inherit; color:var(--ink); background:var(--pale); border:1px solid var(--line);
  border-radius:.35rem; padding:.1rem .4rem } button { cursor:pointer; font-size:.8rem }
table { background:var(--card); font-size:.86rem } td, th { white-space:nowrap } sup a { text-decoration:none }
.figures th[scope=row] { position:sticky; left:0; background:var(--card); font-weight:400 }
.figures th { text-align:left }
.figures th[scope=col] { text-align:right; color:var(--ink) }
.variants td:last-child { white-space:normal; min-width:11rem }
.sources { font-size:.8rem; color:var(--soft); padding-left:1.6rem } sup { font-size:.68rem; margin-left:.15rem }
.command { display:flex; gap:.8rem; align-items:baseline; padding:.15rem 0 } .command span { color:var(--soft);
  flex:0 0 15rem; font-size:.86rem } .command code { flex:1; background:var(--card); border:1px solid var(--line);
  border-radius:.35rem; padding:.1rem .5rem; overflow-wrap:anywhere } ul { padding-left:1.3rem }
@media print { body { background:#fff; max-width:none; padding:0; font-size:11px } .controls, button { display:none }
  figure, tr, .command { break-inside:avoid } h2 { break-after:avoid } .wide { overflow:visible }
  td, th { white-space:normal; padding:.1rem .25rem } .figures th[scope=row] { position:static } }
"""
TOOLS = re.compile(r"\b(?:Yosys|Verilator) \d[\w.+]*")


def report_page(gathered: Gathered, command: str, store: Path, designs: Mapping[str, Path], notes: list[str]) -> str:
    """Return the page in HTML, plotly.js within it.

    Parameters
    ----------
    gathered
        What was found.
    command, store
        The command that explored, and the store it used.
    designs
        Files of the front's designs, by variant.
    notes
        What else the reader should know, in sentences.

    Raises
    ------
    ToolError
        Where plotly is not installed.
    """
    found = gathered.found
    body = [
        f"<h1>{escape(found.space['name'])}: designs for {escape(found.workload['name'])}</h1>",
        f"<p>{escape(found.space['description'])}</p>" if found.space["description"] else "",
        _headline(gathered),
        _asked(gathered),
        f"<script>{tool('plotly.offline').get_plotlyjs()}</script><script>{SCRIPT}</script>",
        "<noscript><p>The plots need JavaScript; front.png and front.svg beside this page do not.</p></noscript>",
        _front(gathered),
        _estimates(gathered),
        "<h2>All points that were synthesised</h2>",
        "<p>Sources appear when the pointer rests on a figure; points.csv has all figures with their sources.</p>",
        variants_table(gathered),
        "<h2>Not in the figures</h2>",
        not_counted(gathered),
        "<h2>Commands</h2>",
        commands(gathered, command, store, designs),
        "<h2>Times and tools</h2>",
        times(found.seconds, _versions(gathered)),
        *(f"<p>{escape(note)}</p>" for note in notes),
    ]
    return page(f"{found.space['name']}: exploration", body, STYLE)


def _headline(gathered: Gathered) -> str:
    """Return how many points went how far."""
    found = gathered.found
    reached = [sum(variant.tier >= tier for variant in found.variants) for tier in (1, 2)]
    return tiles(
        (
            (f"{found.points:,}", f"points in closed form, {found.valid:,} valid, {found.considered:,} within bounds"),
            (f"{reached[0]:,}", "netlists (tier 1)"),
            (f"{reached[1]:,}", "simulated as RTL and gates (tier 2)"),
            (f"{len(found.front):,}", "on the front"),
            (f"{100 * found.coverage:.1f} %", f"of the workload's {gathered.workload.counted} in all figures"),
        )
    )


def _asked(gathered: Gathered) -> str:
    """Return what was asked for, as terms and values."""
    space, memory, work = gathered.space, gathered.space.around, gathered.workload
    axes = "; ".join(f"{name}: {_values(values)}" for name, values in space.values.items())
    bounds = "; ".join(f"{name} {_bound(*bound)}" for name, bound in space.bounds.items())
    terms = {
        "Family": space.family,
        "Axes": axes,
        "Shared parameters": ", ".join(f"{name} {value}" for name, value in space.base.items()),
        "Objectives": ", ".join(space.objectives),
        "Bounds": bounds,
        "Recipes": "; ".join(recipe.words for recipe in space.parsed_recipes),
        "Workload": f"{work.name}, {len(work.layers)} layers, {work.amount:,} {work.counted}",
        "Clock": f"{space.clock_mhz:g} MHz",
        "Technology": gathered.technology,
        "Memory": f"{memory.buffer_kib:g} KiB scratchpad, {memory.dram} at {memory.bandwidth_gb_s:g} GB/s",
        "Data": space.tensors or f"random, {space.data}",
        "Search": f"{gathered.found.method}, at most {space.synthesise:,} points synthesised by each recipe",
        "Sweep": gathered.found.sweep,
    }
    rows = (f"<dt>{term}</dt><dd>{escape(text)}</dd>" for term, text in terms.items() if text)
    return f"<dl>{''.join(rows)}</dl>"


def _values(values: list[object]) -> str:
    """Return the values of an axis, the middle left out where they are many."""
    words = [str(value) for value in values]
    return ", ".join(words if len(words) <= 10 else [*words[:4], f"\u2026 ({len(words)})", *words[-2:]])


def _bound(least: float, most: float) -> str:
    parts = [f"at least {least:g}"] * (least > -float("inf")) + [f"at most {most:g}"] * (most < float("inf"))
    return " and ".join(parts)


def _front(gathered: Gathered) -> str:
    """Return the front with all that belongs to it; where it is empty, why."""
    parts = ["<h2>The front</h2>"]
    if not gathered.found.front:
        parts.append("<p class='hole'>No point is on the front: every one is out, or none was simulated.</p>")
    if axes_of(gathered):
        parts.append(front_plot(gathered))
    if gathered.reasons:
        out = sum(gathered.reasons.values())
        parts.append(f"<h3>{out} of {len(gathered.found.variants)} are out</h3>{out_counts(gathered)}")
    if gathered.found.front:
        parts += ["<h2>Figures of the front</h2>", front_table(gathered)]
        energy = energy_plot(gathered)
        parts += ["<h2>Where energy goes</h2>", energy] if energy else []
        parts += ["<h2>Utilisation by layer</h2>", utilisation_plot(gathered)]
        parts += ["<h2>Rooflines</h2>", roofline_plot(gathered)]
    return "".join(parts)


def _estimates(gathered: Gathered) -> str:
    """Return how far estimates were off, or that there were none."""
    plot = estimate_plot(gathered)
    if not plot:
        plot = "<p>Nothing to compare: no figure that tier 0 estimated was measured by a later tier.</p>"
    return f"<h2>Estimated against measured</h2>{plot}"


def _versions(gathered: Gathered) -> list[str]:
    """Return the tools that sources name."""
    text = "\n".join(f.source for variant in gathered.found.variants for f in variant.figures.values())
    return [f"rtloom {__version__}", *sorted(set(TOOLS.findall(text)))]
