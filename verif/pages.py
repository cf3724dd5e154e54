"""Pages that need nothing else: one style, light and dark, for coverage and the summary."""

from collections.abc import Iterable, Sequence
from html import escape

__all__ = ["page", "tiles"]

STYLE = """
:root { --ink:#1d2733; --soft:#5b6b7d; --line:#dfe5ec; --good:#1f8a5b; --bad:#c2413b; --pale:#f6f8fa; --card:#fff }
@media (prefers-color-scheme: dark) {
  :root { --ink:#e4e9ef; --soft:#9aa8b7; --line:#323c47; --good:#46b883; --bad:#ec7a73; --pale:#171c22; --card:#1f262e }
}
body { font:15px/1.5 system-ui,sans-serif; color:var(--ink); background:var(--pale); margin:0 auto; max-width:72rem;
       padding:2rem 1.2rem }
h1 { font-size:1.5rem; margin:0 } h2 { font-size:1.1rem; margin:2rem 0 .6rem } p { color:var(--soft); margin:.3rem 0 }
a { color:inherit } code, pre, .n { font-family:ui-monospace,monospace; font-size:.86rem }
.tiles { display:grid; grid-template-columns:repeat(auto-fit,minmax(10rem,1fr)); gap:.8rem; margin:1.2rem 0 }
.tile, .card { background:var(--card); border:1px solid var(--line); border-radius:.6rem; padding:.8rem 1rem }
.tile b { display:block; font-size:1.5rem } .tile span { color:var(--soft); font-size:.86rem }
.card { margin:.7rem 0 } .card summary { cursor:pointer; display:flex; gap:1rem; align-items:center }
.card summary b { flex:1 } .bar { width:9rem; height:.5rem; border-radius:1rem; background:var(--bad); overflow:hidden }
.bar i { display:block; height:100%; background:var(--good) }
table { border-collapse:collapse; width:100%; margin-top:.6rem }
td, th { text-align:left; padding:.25rem .6rem; border-top:1px solid var(--line); vertical-align:top }
th { color:var(--soft); font-weight:500 } td.n { text-align:right; white-space:nowrap }
.hole { color:var(--bad); font-weight:600 } .good { color:var(--good) }
pre { margin:0 } .source { background:var(--card); border:1px solid var(--line); border-radius:.6rem; overflow:auto }
.source div { display:flex; white-space:pre } .source .no { width:4rem; text-align:right; color:var(--soft) }
.source .hits { width:6rem; text-align:right; padding:0 1rem; color:var(--soft) }
.source .ran { background:color-mix(in srgb,var(--good) 12%,transparent) }
.source .rest { background:color-mix(in srgb,var(--bad) 22%,transparent) }
.source .some { background:color-mix(in srgb,orange 22%,transparent) }
"""


def tiles(figures: Iterable[tuple[str, str]]) -> str:
    """Return figures side by side, each with words below it."""
    cells = "".join(f'<div class="tile"><b>{value}</b><span>{escape(words)}</span></div>' for value, words in figures)
    return f'<div class="tiles">{cells}</div>'


def page(title: str, body: Sequence[str], style: str = "") -> str:
    """Return a whole page in HTML; `style` are further rules."""
    head = f'<meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>{escape(title)}</title>'
    rules = f"<style>{STYLE}{style}</style>"
    return f"<!doctype html><html lang=en><head>{head}{rules}</head><body>{''.join(body)}</body></html>\n"
