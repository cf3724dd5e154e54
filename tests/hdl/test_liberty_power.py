"""Power of liberty files: units, where tables are read, what is averaged, and what is said about files without it."""

import pytest

from rtloom.errors import InputError
from rtloom.hdl.liberty import load_library
from rtloom.hdl.liberty_power import FlipFlop, load_power

from .liberty_files import PATTERNS, liberty

HEAD = """library (toy) { /* capacitance : 9; */
  time_unit : "1ns"; voltage_unit : "1V"; leakage_power_unit : "10nW"; capacitive_load_unit (2, ff); nom_voltage : 2.0;
  power_lut_template (turned) { variable_1 : total_output_net_capacitance; variable_2 : input_transition_time;
    index_1 ("0, 10"); index_2 ("0, 1"); }
  lu_table_template (plain) { variable_1 : input_net_transition; variable_2 : total_output_net_capacitance;
    index_1 ("0, 1"); index_2 ("0, 10"); }
"""
# Delay 0.1 + 0.01 x load; slope 0.02 x load, so that the nominal load of 2 x 2 units gives a slope of 0.08.
TIMING = """timing () { related_pin : "A"; cell_rise (plain) { values ("0.1, 0.2", "0.1, 0.2"); }
  cell_fall (plain) { values ("0.1, 0.2", "0.1, 0.2"); } rise_transition (plain) { values ("0, 0.2", "0, 0.2"); }
  fall_transition (plain) { values ("0, 0.2", "0, 0.2"); } }"""
# Rise 1 + slope (axes turned round: load first), fall 3: at the nominal point 1.08 and 3; the second pin says 5.
NAND = f"""  cell (ND2) {{ area : 2.5; cell_leakage_power : 0.5;
    leakage_power () {{ value : 7; when : "A"; }}
    pin (A) {{ direction : input; capacitance : 1.5; rise_capacitance : 9; }}
    pin (B) {{ direction : input; capacitance : 2.5;
      internal_power () {{ rise_power (scalar) {{ values ("0.25"); }} fall_power (scalar) {{ values ("0.75"); }} }} }}
    pin (Y) {{ direction : output; function : "!(A & B)"; max_capacitance : 99; {TIMING}
      internal_power () {{ related_pin : "A"; rise_power (turned) {{ values ("1, 2", "1, 2"); }}
        fall_power (scalar) {{ values ("3"); }} }}
      internal_power () {{ related_pin : "B"; power (scalar) {{ values ("5"); }} }} }} }}
"""
# While the output stays: rise 2, fall 4. Where it changes the clock's edge is 0 here and counted with the output.
REGISTER = """  cell (FD) { area : 9; ff ("IQ", "IQN") { clocked_on : "CK"; next_state : "!D"; clear : "RN'"; }
    leakage_power () { value : 1; when : "D"; related_pg_pin : VDD; }
    leakage_power () { value : 2; when : "D"; related_pg_pin : VSS; }
    leakage_power () { value : 5; when : "!D"; related_pg_pin : VDD; }
    pg_pin (VDD) { direction : input; }
    pin (CK) { direction : input; clock : true; capacitance : 3;
      internal_power () { when : "same"; rise_power (scalar) { values ("2"); } fall_power (scalar) { values ("4"); } }
      internal_power () { when : "other";
        rise_power (scalar) { values ("0"); } fall_power (scalar) { values ("4"); } } }
    pin (D) { direction : input; capacitance : 1;
      internal_power () { rise_power (scalar) { values ("1"); } fall_power (scalar) { values ("2"); } } }
    pin (RN) { direction : input; capacitance : 1; }
    pin (Q) { direction : output; function : "IQ";
      internal_power () { related_pin : "CK";
        rise_power (scalar) { values ("9"); } fall_power (scalar) { values ("11"); } }
      internal_power () { related_pin : "RN"; fall_power (scalar) { values ("99"); } } }
    test_cell () { pin (D) { direction : input; capacitance : 50; } } }
"""
JOULE = 2e-15  # capacitance unit times voltage unit squared; the nominal voltage is no unit


@pytest.fixture
def toy(tmp_path, monkeypatch):
    monkeypatch.setenv("RTLOOM_CACHE", str(tmp_path / "cache"))

    def load(*parts):
        path = tmp_path / "toy.lib"
        path.write_text("".join(parts) + "}\n")
        return load_library([path])

    return load


def test_units_tables_and_means(toy):
    library = toy(HEAD, NAND, REGISTER)
    for _ in range(2):  # the second time from the cache
        facts = load_power(library)
        assert facts.voltage == 2
        assert facts.nominal.gate == "ND2"
        assert facts.nominal.load == pytest.approx(2 * 2.0 * 2e-15)
        assert facts.nominal.slope == pytest.approx(0.08e-9)
        assert facts.nominal.delay == pytest.approx(0.14e-9)
        nand = facts.cells["ND2"]
        assert nand.leakage == pytest.approx(0.5 * 10e-9)
        assert nand.capacitance == pytest.approx({"A": 3e-15, "B": 5e-15})
        assert nand.output_energy == pytest.approx({"Y": (1.08 + 3 + 5) / 3 * JOULE})
        assert nand.input_energy == pytest.approx({"A": 0, "B": 0.5 * JOULE})
        assert nand.flip_flop is None


def test_registers_count_each_edge_once(toy):
    register = load_power(toy(HEAD, NAND, REGISTER)).cells["FD"]
    assert register.flip_flop == FlipFlop("IQ", "IQN", "CK", "!D", "RN'")
    assert register.clock_energy == pytest.approx({"CK": 6 * JOULE})
    # a cycle in which the output changes takes 4 for the falling edge and 10 for the rest: 6 and 8 together
    assert register.output_energy == pytest.approx({"Q": 8 * JOULE})
    assert register.input_energy == pytest.approx({"D": 1.5 * JOULE, "RN": 0})
    assert register.capacitance["D"] == pytest.approx(2e-15)
    assert register.leakage == pytest.approx((3 + 5) / 2 * 10e-9)  # rails add up, conditions do not


@pytest.mark.parametrize(
    ("parts", "told"),
    [
        ((HEAD.replace("nom_voltage : 2.0;", ""), NAND, REGISTER), "must state its voltage"),
        (
            (HEAD, NAND.replace("internal_power", "no_power"), REGISTER.replace("internal_power", "no_power")),
            "internal_power",
        ),
        ((HEAD, NAND.replace(TIMING, ""), REGISTER), "cell ND2 must have pin capacitances and delays"),
        (
            (HEAD, NAND.replace("capacitance : ", "charge : "), REGISTER),
            "cell ND2 must have pin capacitances and delays",
        ),
        (
            (HEAD, NAND.replace('"1, 2", "1, 2"', '"1, 2", "1"'), REGISTER),
            "Liberty table turned must have 2 x 2 values",
        ),
    ],
)
def test_a_library_without_power_is_refused(toy, parts, told):
    library = toy(*parts)
    with pytest.raises(InputError, match=told):
        load_power(library)


# Volts, and of the smallest NAND2: fF of a pin, nW; from the files' own text.
KNOWN = {
    "sky130": (1.8, "sky130_fd_sc_hd__nand2_1", "A", 2.315, 0.00211796),
    "sg13g2": (1.2, "sg13g2_nand2_1", "A", 2.88593, 0.0812456),
    "asap7": (0.7, "NAND2xp33_ASAP7_75t_R", "A", 0.336683, 0.0304155),
}


@pytest.mark.parametrize("name", PATTERNS)
def test_published_libraries(name):
    library = load_library(liberty(name))
    facts = load_power(library)
    voltage, gate, pin, capacitance, leakage = KNOWN[name]
    assert facts.voltage == voltage
    assert facts.nominal.gate == gate
    assert facts.cells[gate].capacitance[pin] == pytest.approx(capacitance * 1e-15)
    assert facts.cells[gate].leakage == pytest.approx(leakage * 1e-9)
    # What a transition takes inside a small gate is of the order of what it takes to charge two inputs.
    charge = facts.nominal.load * voltage**2 / 2
    assert 0.1 * charge < facts.cells[gate].output_energy["Y"] < 2 * charge
    for cell in library.cells.values():
        if cell.kind == "flip-flop":
            assert facts.cells[cell.name].flip_flop is not None
            assert min(facts.cells[cell.name].clock_energy.values()) > 0
