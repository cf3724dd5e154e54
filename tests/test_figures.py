"""Figures: how numbers, units and sources are shown."""

import pytest

from rtloom.figures import Figure


@pytest.mark.parametrize(
    ("value", "unit", "shown"),
    [
        (0, "GE", "0 GE"),
        (999, "GE", "999 GE"),
        (12345.6, "GE", "12.3 kGE"),
        (3.5e6, "GE", "3.50 MGE"),
        (4105.2, "um^2", "4,105 um^2"),
        (382732.2, "um^2", "0.383 mm^2"),
        (870, "ps", "870 ps"),
        (1369.5, "ps", "1.37 ns"),
        (126e6, "Hz", "126 MHz"),
        (32768, "bit", "32 Kibit"),
        (33.333, "%", "33.3 %"),
        (0.0123, "mm", "0.0123 mm"),
        (12345, "LUT4", "12,345 LUT4"),
        (-2.5, "%", "-2.50 %"),
    ],
)
def test_short(value, unit, shown):
    assert Figure(value, unit, "exact").short == shown


def test_source_is_always_shown():
    figure = Figure(12345, "GE", "synth Yosys 0.70, toy sha256:0123")
    assert str(figure) == "12.3 kGE [synth Yosys 0.70, toy sha256:0123]"
    assert figure.to_dict() == {"value": 12345, "unit": "GE", "source": "synth Yosys 0.70, toy sha256:0123"}
