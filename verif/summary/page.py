"""The summary as a page: designs by checks, what each check means, and what is left to look at."""

from collections.abc import Mapping, Sequence
from html import escape

from ..pages import page, tiles
from .checks import CHECKS
from .meanings import MEANINGS
from .outcome import Outcome

__all__ = ["summary_page"]

WORDS = {
    "good": ("\u2713", "all that was asked"),
    "open": ("\u25d0", "open: less than asked, or proven only to a bound"),
    "bad": ("\u2717", "something is wrong"),
    "skipped": ("\u2013", "not run here"),
}
STYLE = """
.matrix td { border:1px solid var(--line); background:var(--card) } .matrix a { text-decoration:none; display:block }
.matrix { display:block; overflow-x:auto } .matrix small { color:var(--soft); display:block }
.mark { font-weight:700; margin-right:.4rem } .is-good .mark { color:var(--good) } .is-bad .mark { color:var(--bad) }
.is-open .mark { color:#c07a00 } .is-skipped { color:var(--soft) } dt { font-weight:600; margin-top:.8rem }
dd { margin:0; color:var(--soft) } .card p.is-bad { color:var(--bad) }
"""
INTRODUCTION = """A row is a design, a column a kind of evidence. No column is enough alone: what each one shows, and
what it cannot show, stands below the table. Every cell leads to its details."""
SHOWN = 40
"""Findings of a check that the page lists; the JSON file holds all."""


def summary_page(outcomes: Sequence[Outcome]) -> str:
    """Return the page for the outcomes of any number of designs."""
    designs: dict[str, dict[str, Outcome]] = {}
    for outcome in outcomes:
        designs.setdefault(outcome.design, {})[outcome.check] = outcome
    body = [
        "<h1>How far these designs are verified</h1>",
        f"<p>{INTRODUCTION}</p>",
        _counts(outcomes),
        _matrix(designs),
        _legend(),
        "<h2>What each column means</h2>",
        _meanings(),
        *(_details(name, found) for name, found in designs.items()),
    ]
    return page("Verification", body, STYLE)


def _counts(outcomes: Sequence[Outcome]) -> str:
    """Return how many checks are in which state."""
    return tiles(
        (str(sum(outcome.state == state for outcome in outcomes)), words)
        for state, (_, words) in WORDS.items()
        if any(outcome.state == state for outcome in outcomes)
    )


def _matrix(designs: Mapping[str, Mapping[str, Outcome]]) -> str:
    """Return the table of designs and checks."""
    head = "".join(f"<th>{escape(check.title)}</th>" for check in CHECKS.values())
    rows = "".join(
        f'<tr><th>{escape(name)}<small class="n">{next(iter(found.values())).family}</small></th>'
        + "".join(_cell(found.get(check)) for check in CHECKS)
        + "</tr>"
        for name, found in designs.items()
    )
    return f'<table class="matrix"><tr><th>design</th>{head}</tr>{rows}</table>'


def _cell(outcome: Outcome | None) -> str:
    """Return one cell; empty where the check did not run."""
    if outcome is None:
        return "<td></td>"
    mark, words = WORDS[outcome.state]
    return (
        f'<td class="is-{outcome.state}"><a href="#{_anchor(outcome)}" title="{words}">'
        f'<span class="mark">{mark}</span>{escape(outcome.value)}</a></td>'
    )


def _anchor(outcome: Outcome) -> str:
    return escape(f"{outcome.design}-{outcome.check}", quote=True)


def _legend() -> str:
    signs = "; ".join(
        f'<span class="is-{name}"><span class="mark">{m}</span></span>{w}' for name, (m, w) in WORDS.items()
    )
    return f"<p>{signs}.</p>"


def _meanings() -> str:
    """Return what a reader must know about each check."""
    terms = (f"<dt>{escape(check.title)}</dt><dd>{escape(MEANINGS[name])}</dd>" for name, check in CHECKS.items())
    return f"<dl>{''.join(terms)}</dl>"


def _details(name: str, found: Mapping[str, Outcome]) -> str:
    """Return the results of a design, with their commands."""
    cards = "".join(_card(found[check]) for check in CHECKS if check in found)
    return f"<h2>{escape(name)}</h2>{cards}"


def _card(outcome: Outcome) -> str:
    """Return one result: what came out, what is left, how to run it again."""
    check, mark = CHECKS[outcome.check], WORDS[outcome.state][0]
    left = "".join(f"<li>{escape(line)}</li>" for line in outcome.findings[:SHOWN])
    more = f"<p>and {len(outcome.findings) - SHOWN} more</p>" if len(outcome.findings) > SHOWN else ""
    listed = f"<ul>{left}</ul>{more}" if left else ""
    opened = " open" if outcome.state == "bad" else ""
    return (
        f'<details class="card is-{outcome.state}"{opened}><summary><b>'
        f'<span class="mark">{mark}</span>{escape(check.title)}</b><span>{escape(outcome.value)}</span></summary>'
        # The target lies inside, so that a link to it opens the card.
        f'<p id="{_anchor(outcome)}">{escape(outcome.headline)}</p>{listed}'
        f"<p>again: <code>{escape(outcome.command)}</code></p></details>"
    )
