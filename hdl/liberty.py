"""Reads standard-cell libraries (liberty): areas, pins and functions; what synthesis itself needs stays with Yosys."""

import gzip
import json
import re
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from hashlib import sha256
from itertools import pairwise, permutations, takewhile
from pathlib import Path

from ..cache import cache_dir
from ..errors import InputError, must
from ..files import whole_file
from .liberty_function import truth_table

__all__ = ["Cell", "Library", "load_library"]

FORMAT = 1  # of the cached index; raise it when Cell changes
TABLES = re.compile(r"/\*.*?\*/|\bvalues\s*\([^)]*\)", re.DOTALL)
STATEMENT = re.compile(
    r'\b(?:cell\s*\(\s*"?(?P<cell>[^\s")]+)"?\s*\)\s*\{'
    r'|(?:pg_)?pin\s*\(\s*"?(?P<pin>[^\s")]+)"?\s*\)\s*\{'
    r"|(?P<group>ff|ff_bank|latch|latch_bank|statetable|test_cell|memory)\s*\("
    r"|(?P<name>area|direction|function|dont_use|clock_gating_integrated_cell|clock_gate_enable_pin|clock_gate_clock_pin"
    r'|clock_gate_out_pin|clock_gate_test_pin)\s*:\s*(?:"(?P<quoted>[^"]*)"|(?P<bare>[^\s;}"]+)))'
)
CLOCK_GATE_PINS = ("clock_gate_enable_pin", "clock_gate_clock_pin", "clock_gate_out_pin", "clock_gate_test_pin")
KINDS = {
    "ff": "flip-flop",
    "ff_bank": "flip-flop",
    "latch": "latch",
    "latch_bank": "latch",
    "statetable": "other",
    "memory": "memory",
}


@dataclass
class Cell:
    """One cell.

    Parameters
    ----------
    name
        Cell name.
    area
        In the library's unit.
    kind
        ``gate``, ``flip-flop``, ``latch``, ``clock gate``, ``memory`` or ``other``.
    inputs, outputs
        Pin names; an output comes with its function, empty if it is none of the inputs alone.
    dont_use
        The library itself says that synthesis must leave it alone.
    gate_pins
        Of a clock gate: enable, clock, gated clock, and the test pin that some have.
    """

    name: str
    area: float
    kind: str
    inputs: tuple[str, ...]
    outputs: dict[str, str]
    dont_use: bool
    gate_pins: tuple[str, ...]


@dataclass(frozen=True)
class Library:
    """A standard-cell library, from one or several liberty files.

    Parameters
    ----------
    name
        From the file names.
    files
        Liberty files, plain text.
    sha256
        Of the (one) file's text; of several files, of their digests in sorted order.
    unit
        Unit of the areas.
    cells
        By name.
    register_files
        Those of `files` that hold flip-flops.
    """

    name: str
    files: tuple[Path, ...]
    sha256: str
    unit: str
    cells: dict[str, Cell]
    register_files: tuple[Path, ...]

    def smallest(self, function: str, inputs: Sequence[str]) -> Cell | None:
        """Return the smallest usable gate with that function, inputs in any order, or None."""
        wanted = {truth_table(function, order) for order in permutations(inputs)}
        found = [c for c in self.cells.values() if self._computes(c, wanted, len(inputs))]
        return min(found, key=lambda c: (c.area, c.name), default=None)

    @cached_property
    def nand2_area(self) -> float | None:
        """Area of one gate equivalent: the smallest two-input NAND."""
        cell = self.smallest("(A B)'", "AB")
        return cell.area if cell else None

    @cached_property
    def clock_gate(self) -> Cell | None:
        """The smallest usable clock gate, or None."""
        # most libraries mark their clock gates dont_use, so that they come in on purpose only: as here
        found = [c for c in self.cells.values() if c.kind == "clock gate" and c.gate_pins]
        return min(found, key=lambda c: (c.area, c.name), default=None)

    @staticmethod
    def _computes(cell: Cell, wanted: set[int], inputs: int) -> bool:
        if (
            cell.kind != "gate"
            or cell.dont_use
            or len(cell.inputs) != inputs
            or len(cell.outputs) != 1
            or cell.area <= 0
        ):
            return False
        function = next(iter(cell.outputs.values()))
        try:
            return bool(function) and truth_table(function, cell.inputs) in wanted
        except InputError:
            return False


def load_library(paths: Iterable[str | Path]) -> Library:
    """Return the library that these liberty files (``.lib`` or ``.lib.gz``) make up together.

    Raises
    ------
    InputError
        A file is missing or is no liberty file, or there is no flip-flop or no NAND or NOR to build logic from.
    """
    files, digests, cells, registers = [], [], {}, []
    names = [Path(p) for p in paths]
    for path in names:
        file, digest = _plain(path)
        index = _index(path, file, digest)
        files.append(file)
        digests.append(digest)
        cells.update(index)
        if any(cell.kind == "flip-flop" for cell in index.values()):
            registers.append(file)
    library = Library(_name(names), tuple(files), _together(digests), "um^2", cells, tuple(registers))
    shown = ", ".join(path.name for path in names)
    if not registers:
        raise InputError(f"Liberty {shown} must hold at least one flip-flop")
    if library.nand2_area is None and library.smallest("(A+B)'", "AB") is None:
        raise InputError(f"Liberty {shown} must hold at least a two-input NAND or NOR")
    return library


def _name(paths: Sequence[Path]) -> str:
    """Return a short name: that of the one file, or the beginning that several have in common."""
    stems = [path.name.removesuffix(".gz").removesuffix(".lib") for path in paths]
    common = "".join(letters[0] for letters in takewhile(lambda at: len(set(at)) == 1, zip(*stems, strict=False)))
    return common.rstrip("_-.") or stems[0]


def _together(digests: Sequence[str]) -> str:
    """Return one digest for all files, whatever their order."""
    return digests[0] if len(digests) == 1 else sha256("\n".join(sorted(digests)).encode()).hexdigest()


def _plain(path: Path) -> tuple[Path, str]:
    """Return the path of the text, decompressed to the cache if need be, and its sha256."""
    try:
        raw = path.read_bytes()
        text = gzip.decompress(raw) if raw[:2] == b"\x1f\x8b" else raw
    except OSError as error:
        raise InputError(f"Liberty file {path} must be readable: {error.strerror or error}") from None
    except (EOFError, zlib.error):
        raise InputError(f"Liberty file {path} must be a whole gzip file; it is damaged or cut short") from None
    digest = sha256(text).hexdigest()
    if text is raw:
        return path.resolve(), digest
    plain = cache_dir("liberty") / f"{digest[:16]}-{path.name.removesuffix('.gz')}"
    if not plain.exists():
        with whole_file(plain, "Cache") as out:
            out.write(text)
    return plain, digest


def _index(path: Path, file: Path, digest: str) -> dict[str, Cell]:
    """Return the cells of one file, from the cache if it was read before."""
    cached = cache_dir("liberty") / f"{digest[:16]}-{FORMAT}.json"
    try:
        rows = json.loads(cached.read_text())
        return {r["name"]: Cell(**r | {"inputs": tuple(r["inputs"]), "gate_pins": tuple(r["gate_pins"])}) for r in rows}
    except (OSError, ValueError, TypeError, KeyError):
        pass
    text = file.read_text(errors="replace")
    if not re.search(r"\blibrary\s*\(", text[:100_000]):
        raise InputError(f"Liberty file {path} must begin with library (...), and does not")
    cells = _cells(TABLES.sub("", text))
    if not cells:
        raise must(f"Liberty file {path}", "hold at least one cell with an area", "none")
    with whole_file(cached, "Cache") as out:
        out.write(json.dumps([asdict(cell) for cell in cells.values()]).encode())
    return cells


def _cells(text: str) -> dict[str, Cell]:
    """Collect the cells of a text from which the tables are gone."""
    statements = list(STATEMENT.finditer(text))
    begins = [i for i, statement in enumerate(statements) if statement["cell"]]
    cells: dict[str, Cell] = {}
    for begin, end in pairwise([*begins, len(statements)]):
        reader = _CellReader()
        for statement in statements[begin + 1 : end]:
            if statement["group"] == "test_cell":
                break  # a scan register's second view of itself
            reader.take(statement)
        cells[statements[begin]["cell"]] = reader.cell(statements[begin]["cell"])
    return cells


class _CellReader:
    """Makes one cell of its statements."""

    def __init__(self) -> None:
        self.kind, self.pin = "gate", ""
        self.values: dict[str, str] = {}
        self.directions: dict[str, str] = {}
        self.functions: dict[str, str] = {}
        self.roles: dict[str, str] = {}

    def take(self, statement: re.Match[str]) -> None:
        """Take over one statement."""
        name, value = statement["name"], statement["quoted"] or statement["bare"] or ""
        if statement["group"]:
            self.kind = KINDS[statement["group"]]
        elif statement["pin"]:
            self.pin = "" if statement[0].startswith("pg_") else statement["pin"]
        elif name in ("direction", "function"):
            if self.pin:
                (self.directions if name == "direction" else self.functions).setdefault(self.pin, value)
        elif name in CLOCK_GATE_PINS:
            self.roles[name] = self.pin
        else:
            self.values.setdefault(name, value)

    def cell(self, name: str) -> Cell:
        """Return the cell."""
        gating = self.values.get("clock_gating_integrated_cell", "")
        inputs = tuple(pin for pin, way in self.directions.items() if way == "input")
        outputs = {
            pin: self.functions.get(pin, "") for pin, way in self.directions.items() if way in ("output", "inout")
        }
        pins = tuple(self.roles[role] for role in CLOCK_GATE_PINS if role in self.roles)
        rising = gating.startswith("latch_posedge") and len(pins) >= 3 and {*inputs, *outputs} == set(pins)
        return Cell(
            name=name,
            area=float(self.values.get("area", "0")),
            kind="clock gate" if gating else self.kind,
            inputs=inputs,
            outputs=outputs,
            dont_use=self.values.get("dont_use", "").lower() == "true",
            gate_pins=pins if rising else (),
        )
