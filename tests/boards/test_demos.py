"""Every demo over the virtual board: what the host gets is what RTL and golden say, and so is the outcome."""

from contextlib import ExitStack
from dataclasses import replace

import numpy as np
import pytest

import rtloom
from rtloom import ToolError
from rtloom.boards.host.connect import connect
from rtloom.boards.virtual.board import VirtualBoard
from rtloom.examples.attention import designs, digits_encoder
from rtloom.examples.attention import run as attention
from rtloom.examples.attention import subject as subjects
from rtloom.examples.digits import run as digits
from rtloom.examples.lut import projections
from rtloom.examples.lut import run as lut
from rtloom.examples.sparse import run as sparse
from rtloom.examples.sparse.feed_forward import Missing
from rtloom.generators.spec import load

pytest.importorskip("serial", reason="needs pyserial")
pytest.importorskip("sklearn", reason="needs scikit-learn, which brings the digits")

pytestmark = pytest.mark.usefixtures("unwatched")

IMAGES = 2


class OverTheLine:
    """`rtloom.simulate` as the demos call it, and each job on a virtual board as well: its result is what they get."""

    def __init__(self):
        self.stack, self.devices, self.jobs = ExitStack(), {}, 0
        self.simulate = rtloom.simulate

    def __call__(self, spec, operation=None, *, check=False, **tensors):
        loaded = load(spec)
        expected, report = self.simulate(loaded, operation, check=check, **tensors)
        result, on_board = self.device(loaded).run(operation, **tensors)
        assert result.dtype == expected.dtype
        np.testing.assert_array_equal(result, expected)
        assert on_board.counters.cycles >= report.cycles
        self.jobs += 1
        return result, report

    def device(self, spec):
        key = (spec.family.name, spec.params.digest)
        if key not in self.devices:
            board = self.stack.enter_context(VirtualBoard(spec))
            self.devices[key] = self.stack.enter_context(connect(board.port, spec))
        return self.devices[key]


@pytest.fixture
def line(monkeypatch):
    with ExitStack() as stack:
        over = OverTheLine()
        stack.callback(over.stack.close)
        monkeypatch.setattr(rtloom, "simulate", over)
        for module in (digits, lut, sparse, attention):
            monkeypatch.setattr(module, "QUICK", IMAGES)
            # a picture of one network would lack the other one's line
            monkeypatch.setattr(module, "draw", lambda file, *_: file.touch())
        yield over


def short(networks):
    return tuple(replace(network, epochs=network.epochs // 5) for network in networks)


def test_digits(line, tmp_path):
    results = digits.demo(tmp_path / "out", "systolic-4x4-int8", 100e6, quick=True, tell=lambda *_: None)
    for network in results["networks"].values():
        assert network["accuracy"]["rtl"] == network["accuracy"]["golden"] | {
            "source": network["accuracy"]["rtl"]["source"]
        }
        assert network["outputs"]["compared"] == network["outputs"]["equal"]
    assert line.jobs == sum(len(network["layers"]) for network in results["networks"].values())


def test_lut(line, tmp_path, monkeypatch):
    def no_model():
        raise ToolError("weights must be installed")

    monkeypatch.setattr(lut, "NETWORKS", short(lut.NETWORKS)[:1])
    monkeypatch.setattr(lut, "QUICK_EPOCHS", 0.2)
    monkeypatch.setattr(projections, "load_model", no_model)
    spec = {"family": "lut", "name": "small", "params": {"m": 1, "n": 8, "max_reduction": 512}}
    lut.demo(tmp_path / "out", spec, 100e6, quick=True, tell=lambda *_: None)
    assert line.jobs >= 6
    assert len(line.devices) == 3


def test_sparse(line, tmp_path, monkeypatch):
    monkeypatch.setattr(sparse, "find_feed_forward", lambda: Missing("no transformer here"))
    monkeypatch.setattr(sparse, "NETWORKS", short(sparse.NETWORKS)[:1])
    monkeypatch.setattr(sparse, "QUICK_EPOCHS", 0.2)
    spec = {"family": "sparse", "name": "small", "params": {"rows": 1, "chains": 1}}
    sparse.demo(tmp_path / "out", spec, 100e6, quick=True, tell=lambda *_: None)
    assert line.jobs >= 4


def test_attention(line, tmp_path, monkeypatch):
    def no_model():
        raise ToolError("weights must be installed")

    monkeypatch.setattr(designs, "SIZE", 4)
    monkeypatch.setattr(designs, "LANES", 2)
    monkeypatch.setattr(digits_encoder.train_encoder, "__defaults__", (4,))
    monkeypatch.setattr(subjects, "load_model", no_model)
    spec = {
        "family": "attention",
        "name": "small",
        "params": {"rows": 2, "e": 8, "f": 8, "e_lanes": 4, "f_lanes": 4, "mask": "stop"},
    }
    attention.demo(tmp_path / "out", spec, 100e6, quick=True, tell=lambda *_: None)
    assert {"attention", "systolic", "vector"} <= {family for family, _ in line.devices}
