"""Every exhibit of the bug museum passes today, fails with its fault put back, and names the test that finds it."""

import importlib
import re
from dataclasses import replace
from pathlib import Path

import pytest

from rtloom import errors

from .museum import FOLDER, bring_back, exhibits

ALL = exhibits()
KINDS = {"simulate", "lint", "script"}


@pytest.mark.parametrize("exhibit", ALL, ids=lambda exhibit: exhibit.slug)
def test_the_stimulus_finds_the_fault_and_nothing_else(exhibit, monkeypatch) -> None:
    exhibit.stimulate()
    bring_back(exhibit, monkeypatch)
    kind = exhibit.symptom["class"]
    raised = getattr(errors, kind, None) or getattr(importlib.import_module("builtins"), kind)
    with pytest.raises(raised, match=exhibit.symptom["message"]):
        exhibit.stimulate()


@pytest.mark.parametrize("exhibit", ALL, ids=lambda exhibit: exhibit.slug)
def test_the_test_that_finds_it_exists(exhibit, root: Path) -> None:
    file, _, name = exhibit.caught_by.partition("::")
    assert re.search(rf"^def {name}\(", (root / file).read_text(), re.MULTILINE), exhibit.caught_by


def test_exhibits_are_complete_and_told_apart() -> None:
    assert len(ALL) >= 8
    assert len({exhibit.title for exhibit in ALL}) == len(ALL)
    for exhibit in ALL:
        assert re.fullmatch(r"20\d\d-[a-z0-9-]+", exhibit.slug)
        assert exhibit.check in KINDS
        assert exhibit.what.count(". ") + exhibit.what.count(".\n") <= 3
        assert exhibit.design.params.to_dict()


def test_the_page_lists_every_exhibit() -> None:
    rows = [f"| [{e.slug}]({e.slug}.yaml) | {e.family} | {e.title} | {e.found_by} |" for e in ALL]
    page = (FOLDER / "README.md").read_text()
    assert [line for line in page.splitlines() if line.startswith("| [")] == rows


def test_a_fault_that_has_lost_its_place_is_noticed(monkeypatch) -> None:
    lost = {"find": "no such text anywhere", "put": ""}
    verilog, python = (next(e for e in ALL if key in e.fault) for key in ("verilog", "find"))
    with pytest.raises(AssertionError, match="must find its place once in rtloom"):
        bring_back(replace(python, fault={**python.fault, **lost}), monkeypatch)
    changed = replace(verilog, fault={"verilog": [lost]})
    bring_back(changed, monkeypatch)
    with pytest.raises(AssertionError, match="must find its place in the Verilog"):
        changed.stimulate()
