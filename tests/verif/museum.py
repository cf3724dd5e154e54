"""The bug museum: every exhibit is a stimulus, the fault that it once found, and what it looked like."""

import inspect
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from types import FunctionType
from typing import Any

import numpy as np
import pytest
import yaml

from rtloom.generators import design
from rtloom.generators.design import emit_design
from rtloom.generators.spec import Spec, family
from rtloom.sim.build import BuildOptions
from rtloom.sim.lint import lint
from rtloom.verif import simulate as simulation
from rtloom.verif.jobs import jobs_of

FOLDER = Path(__file__).parents[1] / "museum"
SHORT = BuildOptions(optimise=0)


@dataclass(frozen=True)
class Exhibit:
    """One bug, as its file tells of it; README.md in the folder says what the keys mean."""

    slug: str
    title: str
    family: str
    found_by: str
    what: str
    check: str
    fault: Mapping[str, Any]
    symptom: Mapping[str, str]
    caught_by: str
    fixed_in: str = ""
    spec: Mapping[str, Any] = field(default_factory=dict)
    stimulus: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def load(cls, path: Path) -> "Exhibit":
        """Read one file."""
        return cls(path.stem, **yaml.safe_load(path.read_text(encoding="utf-8")))

    @cached_property
    def design(self) -> Spec:
        """The smallest design that shows the bug."""
        found = family(self.family)
        return Spec(f"museum_{self.slug.replace('-', '_')}", found, found.params.parse(self.spec))

    def stimulate(self) -> None:
        """Give the stimulus; what is wrong raises."""
        checks = {"simulate": self._simulate, "lint": self._lint, "script": self._script}
        checks[self.check]()

    def _operation(self) -> tuple[str, dict[str, Any]]:
        given = self.stimulus
        if "tensors" in given:
            return given["operation"], {name: np.array(values) for name, values in given["tensors"].items()}
        return jobs_of(self.family).make(self.design.params, given["job"], given["data"], given["seed"])

    def _simulate(self) -> None:
        operation, tensors = self._operation()
        kept = {key: self.stimulus[key] for key in ("stalls", "interface") if key in self.stimulus}
        simulation.simulate(self.design, operation, check=True, options=SHORT, **kept, **tensors)

    def _lint(self) -> None:
        made = simulation.emit_design(self.design)
        lint(made.verilog, made.manifest.top).require()

    def _script(self) -> None:
        exec(compile(self.stimulus["script"], f"<{self.slug}.yaml>", "exec"), {"spec": self.design, "np": np})


def exhibits() -> list[Exhibit]:
    """Return all exhibits, the oldest first."""
    return [Exhibit.load(path) for path in sorted(FOLDER.glob("*.yaml"))]


def bring_back(exhibit: Exhibit, monkeypatch: pytest.MonkeyPatch) -> None:
    """Put the fault of an exhibit back, into the emitted Verilog or into the Python code, until the test ends."""
    fault = exhibit.fault
    if "verilog" in fault:
        _in_verilog(fault["verilog"], monkeypatch)
        return
    # What is emitted with the fault must not stay in the cache, nor come from there.
    monkeypatch.setattr(design, "_recall", lambda _: None)
    monkeypatch.setattr(design, "_keep", lambda *_: None)
    module, _, path = fault["python"].partition(":")
    owner: Any = __import__(module, fromlist=["_"])
    *outer, name = path.split(".")
    for part in outer:
        owner = getattr(owner, part)
    function = _function(inspect.getattr_static(owner, name))
    monkeypatch.setattr(function, "__code__", _changed(function, fault).__code__)


def _in_verilog(changes: list[Mapping[str, str]], monkeypatch: pytest.MonkeyPatch) -> None:
    def emit(*given: Any) -> design.Design:
        made = emit_design(*given)
        text = made.verilog
        for change in changes:
            text, count = re.subn(change["find"], change["put"], text)
            assert count, f"The fault must find its place in the Verilog: {change['find']}"
        return replace(made, verilog=text)

    monkeypatch.setattr(simulation, "emit_design", emit)


def _function(found: Any) -> FunctionType:
    """Return the function inside a property, a class method or a cache."""
    for attribute in ("fget", "func", "__func__", "__wrapped__"):
        found = getattr(found, attribute, found)
    assert isinstance(found, FunctionType)
    return found


def _changed(function: FunctionType, fault: Mapping[str, str]) -> FunctionType:
    """Return the function as it was with the fault: its text changed in one place, or all of it replaced."""
    text = fault["source"] if "source" in fault else _replaced(function, fault)
    # The decorators have done their work on the function that takes this code.
    text = text[re.search(r"^def ", text, re.MULTILINE).start() :]
    names: dict[str, Any] = {}
    exec(compile("from __future__ import annotations\n" + text, "<museum>", "exec"), function.__globals__, names)
    return names[function.__name__]


def _replaced(function: FunctionType, fault: Mapping[str, str]) -> str:
    lines = inspect.getsource(function).splitlines()
    indent = len(lines[0]) - len(lines[0].lstrip())
    text = "\n".join(line[indent:] for line in lines)
    assert text.count(fault["find"]) == 1, f"The fault must find its place once in {fault['python']}: {fault['find']}"
    return text.replace(fault["find"], fault["put"])
