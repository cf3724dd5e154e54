"""How the report writes figures, and what it reads in their sources."""

import pytest

from rtloom.dse.report.units import axis_of, error_of, is_estimate, label_of, readable
from rtloom.figures import Figure


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (0.00123, "s", "1.23 ms"),
        (2, "s", "2 s"),
        (4.1e-9, "J", "4.10 nJ"),
        (2.5e-7, "J s", "250 nJ s"),
        (131_000, "GE", "131 kGE"),
        (0.5, "GE", "0.500 GE"),
        (11e6, "bytes", "11 MB"),
        (0.02, "1/s", "0.0200 /s"),
        (97.3, "%", "97.3 %"),
        (4920, "ps", "4.92 ns"),
        (123_000, "um^2", "0.123 mm^2"),
        (896, "FF", "896 FF"),
        (0, "J", "0 J"),
        (float("inf"), "dB", "inf dB"),
    ],
)
def test_figures_are_short(value, unit, text):
    assert readable(Figure(value, unit, "exact")) == text


def test_errors_are_read_from_sources():
    assert error_of("model \u00b18.5 % (n = 40, held out)") == 0.085
    assert error_of("synth Yosys 0.70, gate equivalents") is None
    assert is_estimate("model \u00b18.5 % (n = 40, held out)")
    assert not is_estimate("exact")


def test_axes_take_one_prefix_for_all_values():
    axis = axis_of("energy_dram", "J", [2e-6, 9e-6])
    assert (axis.title, axis.scale, axis.log) == ("energy, DRAM [\u00b5J]", 1e-6, False)
    assert axis_of("edp", "J s", []).unit == "J s"
    assert axis_of("area", "um^2", [2e5]).title == "area [mm\u00b2]"
    assert label_of("simulated_cycles") == "simulated cycles"
