"""Liberty files: what is read from them, and what is said about those that are none."""

import gzip

import pytest

from rtloom.errors import InputError
from rtloom.hdl.liberty import load_library
from rtloom.hdl.liberty_function import truth_table

from .liberty_files import liberty

NAND = """  cell (ND2) { area : 2.5;
    pg_pin (VDD) { direction : input; pg_type : primary_power; }
    pin (A) { direction : input; } pin("B") { direction : "input"; }
    pin (Y) { direction : output; function : "!(A & B)"; timing () { related_pin : "A"; values ("1, 2", "3"); } } }
"""
FLIP_FLOP = """  cell (FD) { area : 9; ff (IQ, IQN) { clocked_on : "CK"; next_state : "D"; }
    pin (CK) { direction : input; } pin (D) { direction : input; } pin (Q) { direction : output; function : "IQ"; }
    test_cell () { pin (D) { direction : input; function : "nothing"; } } }
"""
WHOLE = "library (toy) {\n" + NAND + FLIP_FLOP + "}\n"


@pytest.fixture
def write(tmp_path, monkeypatch):
    monkeypatch.setenv("RTLOOM_CACHE", str(tmp_path / "cache"))

    def to_file(text, name="toy.lib"):
        path = tmp_path / name
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    return to_file


@pytest.mark.parametrize("packed", [False, True])
def test_cells_pins_and_functions(write, packed):
    data = WHOLE.encode()
    path = write(gzip.compress(data), "toy.lib.gz") if packed else write(data)
    for _ in range(2):  # the second time from the cache
        library = load_library([path])
        assert library.cells["ND2"].inputs == ("A", "B")
        assert library.cells["ND2"].outputs == {"Y": "!(A & B)"}
        assert library.cells["FD"].kind == "flip-flop"
        assert library.nand2_area == 2.5
        assert library.name == "toy"
        assert library.unit == "um^2"
        assert library.files[0].read_bytes() == data


def test_several_files_make_one_library_whatever_their_order(write):
    gates = write("library (g) {" + NAND + "}", "toy_gates.lib")
    registers = write("library (r) {" + FLIP_FLOP + "}", "toy_regs.lib")
    library = load_library([gates, registers])
    assert library.register_files == (registers,)
    assert library.name == "toy"
    assert library.sha256 == load_library([registers, gates]).sha256


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "must begin with library (...), and does not"),
        ("hello", "must begin with library (...), and does not"),
        ("library (x) { }", "must hold at least one cell with an area, not 'none'"),
        (gzip.compress(WHOLE.encode(), mtime=0)[:60], "must be a whole gzip file; it is damaged or cut short"),
    ],
)
def test_garbage(write, text, message):
    path = write(text)
    with pytest.raises(InputError) as caught:
        load_library([path])
    assert str(caught.value) == f"Liberty file {path} {message}"


def test_missing_file(tmp_path):
    path = tmp_path / "none.lib"
    with pytest.raises(InputError) as caught:
        load_library([path])
    assert str(caught.value) == f"Liberty file {path} must be readable: No such file or directory"


@pytest.mark.parametrize(
    ("cells", "message"),
    [(NAND, "one flip-flop"), (FLIP_FLOP, "a two-input NAND or NOR")],
)
def test_library_that_no_logic_can_be_built_from(write, cells, message):
    with pytest.raises(InputError, match=f"^Liberty toy.lib must hold at least {message}$"):
        load_library([write("library (x) {" + cells + "}")])


@pytest.mark.parametrize(
    ("function", "table"),
    [
        ("A", 0b1010),
        ("!A", 0b0101),
        ("(A B)'", 0b0111),
        ("A*B", 0b1000),
        ("A+B", 0b1110),
        ("A^B", 0b0110),
        ("A+B A^B", 0b1010 | 0b1100 & 0b0110),  # inversion, then XOR, then AND, then OR
        ("1", 0b1111),
        ("!(A|0)''", 0b0101),
    ],
)
def test_truth_table(function, table):
    assert truth_table(function, ("A", "B")) == table


@pytest.mark.parametrize(
    ("function", "message"),
    [
        ("A %", "Liberty function must be an expression, not 'A %'"),
        ("C", "Liberty function must name input pins only, not 'C'"),
        ("(A", "Liberty function must close every parenthesis"),
        ("A)", "Liberty function must be an expression of A, B, not 'A)'"),
        ("A+", "Liberty function must name input pins only, not ''"),
    ],
)
def test_functions_that_are_none(function, message):
    with pytest.raises(InputError) as caught:
        truth_table(function, ("A", "B"))
    assert str(caught.value) == message


@pytest.mark.parametrize(
    ("name", "nand", "gate"), [("sky130", 3.7536, 3), ("sg13g2", 7.2576, 3), ("asap7", 0.05832, 4)]
)
def test_published_libraries(name, nand, gate):
    library = load_library(liberty(name))
    assert library.nand2_area == nand
    assert len(library.clock_gate.gate_pins) == gate
