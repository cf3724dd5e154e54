"""Accuracy of a design's numbers: against what is known of quantisation, and from a user's tensors."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from rtloom.dse.accuracy import accuracy_of, quantised, signal_to_noise
from rtloom.dse.space.document import Space, parse_space
from rtloom.dse.tensors import read_tensors
from rtloom.errors import InputError
from rtloom.generators.spec import family
from rtloom.hdl.formats import parse_format


def space(name: str, **changes: Any) -> Space:
    """Return a space of a family."""
    axis = {"systolic": "rows", "lut": "m", "sparse": "rows", "attention": "rows", "vector": "lanes"}[name]
    return parse_space({"family": name, "workload": "resnet-50", "axes": {axis: [1]}, **changes}, "Space s", "s")


def design(name: str, **params: Any) -> Any:
    """Return a design's parameters."""
    return family(name).params.parse(params)


def test_two_bits_more_are_twelve_decibels() -> None:
    """Each bit halves the step of quantisation: 6.02 dB a bit for both operands together."""
    accuracy = accuracy_of(space("systolic"))
    found = [accuracy(design("systolic", a_format=f"int{b}", b_format=f"int{b}")) for b in (6, 8, 10)]
    assert np.diff(found) == pytest.approx([12.04, 12.04], abs=1.0)


def test_families_agree_where_their_numbers_do() -> None:
    systolic = accuracy_of(space("systolic"))(design("systolic", a_format="int8", b_format="int4"))
    lut = accuracy_of(space("lut"))(design("lut", a_format="int8", weight_format="int4"))
    sparse = accuracy_of(space("sparse"))(design("sparse", a_format="int8", weight_bits="4"))
    assert systolic == pytest.approx(lut)
    assert systolic == pytest.approx(sparse)


def test_tables_of_eight_bits_cost_accuracy() -> None:
    accuracy = accuracy_of(space("lut"))
    exact = accuracy(design("lut", a_format="int16", weight_format="int8"))
    assert accuracy(design("lut", a_format="int16", weight_format="int8", table_scale="table")) < exact - 0.1


def test_requantisation_does_not_count() -> None:
    accuracy = accuracy_of(space("systolic"))
    assert accuracy(design("systolic", requantize=True)) == accuracy(design("systolic"))


def test_what_it_cannot_be_asked_of() -> None:
    for other in ("attention", "vector"):
        with pytest.raises(InputError, match=f"must be asked of systolic, lut, sparse, not of {other}"):
            accuracy_of(space(other))
    with pytest.raises(InputError, match="Systolic overflow must be exact where accuracy is asked for"):
        accuracy_of(space("systolic"))(design("systolic", overflow="wrap", accumulator_bits=16))


def test_tensors_of_a_user(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    a, b = rng.standard_normal((5, 40)), rng.standard_normal((40, 6))
    np.savez(tmp_path / "t.npz", a=a, b=b, w=b.T)
    given = {"tensors": str(tmp_path / "t.npz")}
    found = accuracy_of(space("systolic", **given))(design("systolic", b_format="int4"))
    assert found == pytest.approx(accuracy_of(space("lut", **given))(design("lut", weight_format="int4")))
    left, unit = quantised(a, parse_format("int8"))
    right, other = quantised(b, parse_format("int4"))
    assert found == pytest.approx(signal_to_noise((left @ right) * unit * other, a @ b))
    assert (np.abs(left).max(), np.abs(right).max()) == (127, 7)


def test_files_that_are_no_tensors(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="Tensor file must exist"):
        read_tensors(tmp_path / "none.npz")
    (tmp_path / "text.npz").write_text("no")
    with pytest.raises(InputError, match=r"must be an .npz file of numbers"):
        read_tensors(tmp_path / "text.npz")
    np.savez(tmp_path / "words.npz", a=np.array(["x"]))
    with pytest.raises(InputError, match="hold finite numbers"):
        read_tensors(tmp_path / "words.npz")
    np.savez(tmp_path / "one.npz", a=np.zeros((2, 3)))
    with pytest.raises(InputError, match="hold a matrix 'b'"):
        accuracy_of(space("systolic", tensors=str(tmp_path / "one.npz")))
    np.savez(tmp_path / "two.npz", a=np.zeros((2, 3)), b=np.zeros((4, 3)))
    with pytest.raises(InputError, match="hold matrices with the same K"):
        accuracy_of(space("systolic", tensors=str(tmp_path / "two.npz")))
