"""Measured designs: a line for each synthesis, in a file that only grows; what is in it is never measured again."""

import json
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import asdict, dataclass
from pathlib import Path
from threading import Lock
from typing import Any

from ...errors import must
from ...generators.design import emit_design
from ...generators.spec import load
from ...hdl.liberty import Library
from ...hdl.synth_gates import GateOptions
from ...hdl.synth_parts import Parts, parts_of, synthesize_parts
from ...hdl.yosys import yosys_version
from .design_set import Point

__all__ = ["RECIPE", "Row", "append_rows", "collect", "read_rows"]

RECIPE = GateOptions(flatten=False, booth=True, goal="area", clock_gating=False, macro_bits=1024)
"""What the fits hold for: the defaults of `rtloom.hdl.synth.synthesize`."""
TOP = "dut"
TOGETHER = 2  # designs of one run: what is done is on the disk after each


@dataclass(frozen=True)
class Row:
    """One design with one library.

    Parameters
    ----------
    family, split, params
        The `Point`.
    tool, recipe, library, sha256, unit
        Of the synthesis.
    targets
        What was measured: ``area``, ``flip_flops``, the same by the label of the modules (``area/pe``) without the
        modules inside them, and anything else that a fit may be made for (``energy_active:uniform``).
    seconds
        What it took: its share of a run for several designs and libraries.
    """

    family: str
    split: str
    params: Mapping[str, Any]
    tool: str
    recipe: str
    library: str
    sha256: str
    unit: str
    targets: Mapping[str, float]
    seconds: float

    @property
    def key(self) -> str:
        """What tells rows apart: all but what was measured."""
        return _key(self.family, self.params, self.tool, self.recipe, self.sha256)

    @property
    def design(self) -> str:
        """What tells designs apart."""
        return _named(self.family, self.params)

    @staticmethod
    def named(point: Point) -> str:
        """Return the `design` of a point."""
        return _named(point.family, point.params)


def _named(family: str, params: Mapping[str, Any]) -> str:
    return json.dumps([family, dict(params)], sort_keys=True)


def _key(family: str, params: Mapping[str, Any], tool: str, recipe: str, sha256: str) -> str:
    return json.dumps([family, dict(params), tool, recipe, sha256], sort_keys=True)


def read_rows(path: Path) -> list[Row]:
    """Return the rows of a file; none where there is no file, and without a last line that was torn."""
    rows = [Row(**line) for line in _lines(path)]
    return list({row.key: row for row in rows}.values())


def collect(
    points: Sequence[Point],
    libraries: Sequence[Library],
    path: Path,
    progress: Callable[[int, int], None] = lambda _done, _all: None,
    jobs: int = 1,
    options: GateOptions = RECIPE,
) -> list[Row]:
    """Measure what a file of rows lacks, and return the rows of these points and libraries.

    Beside it, ``parts.jsonl`` holds each distinct module's area, which designs share.

    Parameters
    ----------
    points, libraries
        What is wanted: each design with each library.
    path
        File of rows; made if need be, added to otherwise.
    progress
        Called with the designs done and wanted.
    jobs
        Runs of Yosys at once.
    options
        The recipe; it keeps the hierarchy.

    Raises
    ------
    InputError
        Where the file cannot be written.
    ToolError
        As `synthesize_parts`.
    """
    tool = f"Yosys {yosys_version()}"
    wanted = {
        _key(point.family, point.params, tool, str(options), library.sha256): n
        for n, point in enumerate(points)
        for library in libraries
    }
    rows = {row.key: row for row in read_rows(path)}
    lacking = list(dict.fromkeys(n for key, n in wanted.items() if key not in rows))
    batches = [[points[n] for n in lacking[at : at + TOGETHER]] for at in range(0, len(lacking), TOGETHER)]
    known, done = _Known(path.with_name("parts.jsonl"), tool, options), len(points) - len(lacking)
    progress(done, len(points))
    for measured in _measured(batches, libraries, known, jobs):
        append_rows(path, [asdict(row) for row in measured if row.key not in rows])
        rows |= {row.key: row for row in measured if row.key not in rows}
        done += len(measured) // len(libraries)
        progress(done, len(points))
    return [rows[key] for key in wanted]


def _measured(
    batches: Sequence[Sequence[Point]], libraries: Sequence[Library], known: "_Known", jobs: int
) -> Iterator[list[Row]]:
    """Give the rows of each batch as it is done; designs are emitted here, Yosys runs beside."""
    with ThreadPoolExecutor(jobs) as pool:
        running: set[Future[list[Row]]] = set()
        for batch in batches:
            designs = [parts_of(emit_design(_spec(point), "axi", TOP).verilog, TOP) for point in batch]
            running.add(pool.submit(_rows, batch, designs, libraries, known))
            if len(running) >= jobs:
                finished, running = wait(running, return_when=FIRST_COMPLETED)
                yield from (future.result() for future in finished)
        yield from (future.result() for future in running)


class _Known:
    """Areas of parts, kept in a file."""

    def __init__(self, path: Path, tool: str, options: GateOptions) -> None:
        self.path, self.tool, self.options, self.writing = path, tool, options, Lock()
        self.areas: dict[tuple[str, str], tuple[float, int]] = {}
        for line in _lines(path):
            if (line["tool"], line["recipe"]) == (tool, str(options)):
                self.areas[line["part"], line["sha256"]] = (line["area"], line["flip_flops"])

    def ensure(self, designs: Sequence[Parts], libraries: Sequence[Library]) -> None:
        """Synthesise the parts that are not known, for the libraries that lack them."""
        parts = {name: part for design in designs for name, part in design.parts.items()}
        lacking: dict[tuple[int, ...], list[str]] = {}
        for name in parts:
            without = tuple(n for n, of in enumerate(libraries) if (name, of.sha256) not in self.areas)
            lacking.setdefault(without, []).append(name)
        lacking.pop((), None)
        for without, names in lacking.items():
            missing = [libraries[n] for n in without]
            found = synthesize_parts(names, parts, missing, self.options)
            both = [(n, library.sha256, *own) for n in names for library, own in zip(missing, found[n], strict=True)]
            common = {"tool": self.tool, "recipe": str(self.options)}
            lines = [{"part": n, "sha256": s, **common, "area": a, "flip_flops": f} for n, s, a, f in both]
            with self.writing:
                append_rows(self.path, lines)
                self.areas.update({(n, s): (a, f) for n, s, a, f in both})


def _rows(points: Sequence[Point], designs: Sequence[Parts], libraries: Sequence[Library], known: _Known) -> list[Row]:
    """Return the rows of some designs."""
    began = time.monotonic()
    known.ensure(designs, libraries)
    seconds = round((time.monotonic() - began) / len(points) / len(libraries), 2)
    return [
        Row(
            **asdict(point),
            tool=known.tool,
            recipe=str(known.options),
            library=library.name,
            sha256=library.sha256,
            unit=library.unit,
            targets=_targets(design, library, known),
            seconds=seconds,
        )
        for point, design in zip(points, designs, strict=True)
        for library in libraries
    ]


def _spec(point: Point) -> Any:
    return load({"family": point.family, "name": TOP, "params": dict(point.params)})


def _targets(design: Parts, library: Library, known: _Known) -> dict[str, float]:
    """Return area and flip-flops of a design, whole and by label."""
    total: dict[str, float] = {"area": 0.0, "flip_flops": 0.0}
    for (name, label), uses in design.uses.items():
        for target, value in zip(("area", "flip_flops"), known.areas[name, library.sha256], strict=True):
            total[target] += uses * value
            total[f"{target}/{label}"] = total.get(f"{target}/{label}", 0.0) + uses * value
    return {name: round(value, 4) for name, value in total.items()}


def _lines(path: Path) -> list[dict[str, Any]]:
    """Return the whole lines of a file."""
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return []
    except OSError as error:
        raise must("Calibration file", f"be readable ({error.strerror})", str(path)) from None
    whole = text[: text.rfind("\n") + 1]
    return [json.loads(line) for line in whole.splitlines()]


def append_rows(path: Path, lines: Iterable[Mapping[str, Any]]) -> None:
    """Add lines to a file, made if need be, behind the last whole one."""
    text = "".join(json.dumps(line) + "\n" for line in lines).encode()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("r+b" if path.exists() else "wb") as file:
            kept = path.read_bytes().rfind(b"\n") + 1
            file.truncate(kept)
            file.seek(kept)
            file.write(text)
    except OSError as error:
        raise must("Calibration file", f"be writable ({error.strerror})", str(path)) from None
