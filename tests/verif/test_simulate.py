"""Arrays through the RTL: result, report and files, as a user of the package gets them."""

import json

import numpy as np
import pytest

import rtloom
from rtloom.errors import InputError

A = np.random.default_rng(0).integers(-128, 128, (9, 14))
B = np.random.default_rng(1).integers(-128, 128, (14, 6))
NAME = "systolic-4x4-int8"


def test_the_result_is_the_exact_product() -> None:
    c, report = rtloom.simulate(NAME, a=A, b=B)
    np.testing.assert_array_equal(c, A @ B)
    assert c.dtype == np.int64
    assert not report.checked
    assert report.macs == 9 * 14 * 6
    assert report.cycles == report.formula_cycles
    assert report.utilisation == pytest.approx(report.macs / (report.cycles * 16))
    assert report.seconds_at(100e6) == pytest.approx(report.cycles / 100e6)
    assert report.seconds > 0


def test_the_report_names_its_sources() -> None:
    report = rtloom.simulate(NAME, a=A, b=B, check=True)[1]
    assert str(report).startswith(
        f"systolic_4x4_int8 gemm: 756 MACs in {report.cycles} cycles (rtl-sim), utilisation "
        f"{report.utilisation:.1%} of 16 MACs per cycle (exact); equal to golden; simulated in 0.0"
    )
    told = json.loads(json.dumps(report.to_dict()))
    assert told["cycles"] == {"value": report.cycles, "unit": "cycles", "source": "rtl-sim"}
    assert told["utilisation"]["value"] == report.utilisation


def test_stalls_cost_cycles_and_nothing_else() -> None:
    free = rtloom.simulate(NAME, a=A, b=B)[1]
    c, named = rtloom.simulate(NAME, a=A, b=B, stalls="mostly_stalled", seed=3, check=True)
    np.testing.assert_array_equal(c, A @ B)
    assert named.cycles > free.cycles
    again = rtloom.simulate(NAME, a=A, b=B, stalls="mostly_stalled", seed=3)[1]
    assert (again.cycles, again.stalls) == (named.cycles, named.stalls)
    slow = rtloom.simulate(NAME, a=A, b=B, stalls={"c": np.array([True, False, False])}, check=True)[1]
    assert slow.stalls["c"] > free.stalls["c"] == 0
    assert f"; cycles waited: {', '.join(f'{k} {n}' for k, n in slow.stalls.items() if n)}; equal" in str(slow)


def test_convolution_equals_golden_under_back_pressure() -> None:
    rng = np.random.default_rng(2)
    x, w = rng.integers(-128, 128, (2, 6, 5, 3)), rng.integers(-128, 128, (3, 3, 3, 5))
    y, report = rtloom.simulate(NAME, "conv2d", x=x, w=w, stride=2, padding=1, stalls="back_pressure", check=True)
    assert y.shape == (2, 3, 3, 5)
    assert report.checked


def test_a_waveform_is_written(tmp_path) -> None:
    rtloom.simulate(NAME, a=A[:4], b=B[:, :4], trace=tmp_path / "run.vcd")
    assert "m_axis_c_tvalid" in (tmp_path / "run.vcd").read_text()


BAD = [
    ({"stalls": "never"}, r"^Stall pattern must be one of none, idle, .*, not 'never'$"),
    ({"stalls": {"d": np.array([True])}}, r"^Name of stream of systolic_4x4_int8 must be one of a, b, c, not 'd'$"),
    ({"interface": "wishbone"}, r"^Interface must be axi or stream, not 'wishbone'$"),
    ({"b": B[:5]}, r"^Systolic b must have 14 rows, as a has columns, not \(5, 6\)$"),
    ({"c": B}, r"^Systolic gemm has no argument 'c'; it has .*$"),
]


@pytest.mark.parametrize(("given", "message"), BAD)
def test_bad_input_is_one_line(given: dict, message: str) -> None:
    with pytest.raises(InputError, match=message):
        rtloom.simulate(NAME, **{"a": A, "b": B, **given})
