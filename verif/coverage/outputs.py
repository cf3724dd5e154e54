"""Coverage as files in a folder, and as a table for the terminal."""

from pathlib import Path

from rich.table import Table

from ...errors import must
from ...files import whole_file
from ...generators.design import emit_design
from ...generators.spec import Spec
from .lcov import lcov_text
from .page import points_page, source_page
from .report import CoverageReport

__all__ = ["table", "write"]

POINTS, SOURCE, JSON, LCOV = "coverage.html", "lines.html", "coverage.json", "coverage.info"


def write(report: CoverageReport, spec: Spec, folder: Path) -> list[Path]:
    """Write JSON and page, and where lines were counted the Verilog, its page and the lcov file.

    Raises
    ------
    InputError
        Where the folder cannot be made or a file not be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise must("Coverage output", f"be a folder that can be made ({reason})", str(folder)) from None
    texts = {POINTS: points_page(report, SOURCE if report.structure else None)}
    if report.structure:
        design = emit_design(spec)
        name = f"{design.manifest.top}.v"
        texts |= {
            name: design.verilog,
            SOURCE: source_page(report, report.structure, design.verilog, POINTS),
            LCOV: lcov_text(report.structure, (folder / name).resolve(), design.manifest.top),
        }
    for file, text in texts.items():
        with whole_file(folder / file, "Coverage output") as out:
            out.write(text.encode())
    report.save(folder / JSON)
    return [folder / name for name in (*texts, JSON)]


def table(report: CoverageReport) -> Table:
    """Return the groups with their hits, those with holes first, and every hole by name."""
    shown = Table(title=f"Coverage of {report.design}", title_justify="left")
    shown.add_column("group")
    shown.add_column("hit", justify="right")
    shown.add_column("holes", style="red")
    for name, points in sorted(report.groups.items(), key=lambda item: all(point.hits for point in item[1])):
        holes = [point.name for point in points if not point.hits]
        shown.add_row(name, f"{len(points) - len(holes)} of {len(points)}", ", ".join(holes))
    return shown
