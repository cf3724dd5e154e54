"""Coverage as pages that need nothing else: holes first, points by group, and the Verilog with its counts."""

from collections.abc import Sequence
from html import escape

from ..pages import page, tiles
from .report import CoverageReport, Covered
from .structural import SHOWN, Structure

__all__ = ["points_page", "source_page"]


def points_page(report: CoverageReport, source: str | None = None) -> str:
    """Return the page of cover points; `source` is the name of the page with the Verilog, if there is one."""
    figures = [
        (f"{report.score:.1f} %", f"{len(report.points) - len(report.holes)} of {len(report.points)} points"),
        (str(len(report.holes)), "holes"),
        (f"{report.runs:,}", f"runs, {len(report.seeds)} {'seed' if len(report.seeds) == 1 else 'seeds'}"),
        (f"{report.cycles:,}", "clock cycles"),
    ]
    words = "Every run counted here gave what the golden model says; what streams went through was counted in the runs."
    body = [
        f"<h1>Coverage of {escape(report.design)}</h1>",
        f"<p>Family {escape(report.family)}, parameters {report.digest}. {words}</p>",
        tiles(figures),
        _holes(report.holes),
    ]
    if report.structure:
        body.append(_structure(report.structure, source))
    body.append("<h2>All points</h2>")
    # Groups with holes stand first.
    groups = sorted(report.groups.items(), key=lambda item: all(point.hits for point in item[1]))
    body += [_group(name, points) for name, points in groups]
    return page(f"Coverage of {report.design}", body)


def _holes(holes: Sequence[Covered]) -> str:
    if not holes:
        return '<h2>Holes</h2><p class="good">None: every point was hit.</p>'
    rows = "".join(
        f'<tr><td class="hole">{escape(hole.key)}</td><td>{escape(hole.meaning)}</td></tr>' for hole in holes
    )
    return f'<h2>Holes</h2><div class="card"><table>{rows}</table></div>'


def _group(name: str, points: Sequence[Covered]) -> str:
    """Return a group, closed where it has no hole, its holes first."""
    hit = sum(point.hits > 0 for point in points)
    rows = "".join(_row(point) for point in sorted(points, key=lambda point: point.hits > 0))
    head = "<tr><th>point</th><th>meaning</th><th>runs</th><th>first</th></tr>"
    opened = "" if hit == len(points) else " open"
    return (
        f'<details class="card"{opened}><summary><b>{escape(name)}</b><span>{hit} of {len(points)}</span>'
        f'<span class="bar"><i style="width:{100 * hit / len(points):.0f}%"></i></span></summary>'
        f"<table>{head}{rows}</table></details>"
    )


def _row(point: Covered) -> str:
    kind = "" if point.hits else ' class="hole"'
    return (
        f"<tr><td{kind}>{escape(point.name)}</td><td>{escape(point.meaning)}</td>"
        f'<td class="n">{point.hits:,}</td><td>{escape(point.first)}</td></tr>'
    )


def _structure(structure: Structure, source: str | None) -> str:
    """Return the figures of the Verilog, and which bits never moved."""
    link = f' (<a href="{escape(source)}">source with counts</a>)' if source else ""
    return f"<h2>Verilog{link}</h2>{tiles(_shares(structure))}{_rest(structure)}"


def _shares(structure: Structure) -> list[tuple[str, str]]:
    return [
        (f"{structure.figures[name].value:.1f} %", f"{sum(count > 0 for count in counts):,} of {len(counts):,} {name}")
        for name, counts in structure.counted.items()
    ]


def _rest(structure: Structure) -> str:
    bits = structure.at_rest
    if not bits:
        return "<p>Every bit rose or fell.</p>"
    shown = "".join(f"<tr><td><code>{escape(bit)}</code></td></tr>" for bit in bits[:SHOWN])
    words = f"{len(bits)} bits neither rose nor fell: constant, or not reached; the first of them"
    return f'<details class="card"><summary><b>{words}</b></summary><table>{shown}</table></details>'


def source_page(report: CoverageReport, structure: Structure, verilog: str, points: str) -> str:
    """Return the page of the Verilog: how often each line ran, how many of its bits toggled.

    Parameters
    ----------
    report
        Whose design it is.
    structure
        The counts.
    verilog
        The text that they belong to.
    points
        Name of the page with the cover points.
    """
    bits: dict[int, list[int]] = {}
    for place, count in structure.toggles.items():
        bits.setdefault(place.line, []).append(count)
    ways: dict[int, list[int]] = {}
    for (line, _), count in structure.branches.items():
        ways.setdefault(line, []).append(count)
    ran, numbered = structure.lines, enumerate(verilog.splitlines(), 1)
    lines = [_line(n, text, ran.get(n), ways.get(n, []), bits.get(n, [])) for n, text in numbered]
    words = "Beside a line: how often it ran, all instances together, or how many rises and falls of its bits came."
    body = [
        f"<h1>Verilog of {escape(report.design)}</h1>",
        f'<p><a href="{escape(points)}">cover points</a>. {words} Lines without a count are wiring.</p>',
        tiles(_shares(structure)),
        _rest(structure),
        f'<pre class="source">{"".join(lines)}</pre>',
    ]
    return page(f"Verilog of {report.design}", body)


def _line(number: int, text: str, ran: int | None, ways: Sequence[int], toggles: Sequence[int]) -> str:
    """Return a line with its count: green where it ran, red where it did not, orange where only a part did."""
    seen = sum(count > 0 for count in toggles)
    kind, hits = "", ""
    if toggles:
        kind, hits = ("ran" if seen == len(toggles) else "some" if seen else "rest"), f"{seen}/{len(toggles)}"
    if ran is not None:
        kind, hits = ("rest" if not ran else "some" if 0 in ways else "ran"), f"{ran}"
    return (
        f'<div class="{kind}"><span class="no">{number}</span><span class="hits">{hits}</span>'
        f"<span>{escape(text)}</span></div>"
    )
