"""Specifications: presets, files, mappings, overrides, families of other packages; every mistake one line."""

import importlib.metadata
import re

import pytest
import yaml

from rtloom.errors import InputError
from rtloom.generators import spec as spec_module
from rtloom.generators.attention.family import ATTENTION
from rtloom.generators.lut.family import LUT
from rtloom.generators.sparse.family import SPARSE
from rtloom.generators.spec import Spec, families, family, load, presets
from rtloom.generators.systolic.family import SYSTOLIC
from rtloom.generators.vector.family import VECTOR

from .toy_family import TOY, ToyParams


class Entry:
    """Stands for an installed entry point."""

    def __init__(self, name, value, brings):
        self.name, self.value, self.brings = name, value, brings

    def load(self):
        if isinstance(self.brings, Exception):
            raise self.brings
        return self.brings


@pytest.fixture
def installed(monkeypatch):
    """Return a function that makes families of another package known."""

    def install(*entries):
        monkeypatch.setattr(spec_module, "entry_points", lambda group: entries if group == "rtloom.families" else ())

    return install


def refused(message, *arguments, **overrides):
    """Assert that loading fails with that one line."""
    with pytest.raises(InputError, match=f"^{re.escape(message)}$"):
        load(*arguments, **overrides)


def test_every_preset_loads():
    found = presets()
    assert len(found) >= 8
    assert {"systolic-4x4-int8", "systolic-8x8-int8", "systolic-16x16-int8", "systolic-64x64-int8"} <= set(found)
    for name, preset in found.items():
        assert (preset.name, preset.family) == (name, family(name.split("-")[0]))
        assert preset.description
        assert load(name) == preset


def test_preset_with_overrides():
    plain = load("systolic-8x8-int8")
    changed = load("systolic-8x8-int8", rows=16, a_format="int4")
    assert (changed.params.rows, changed.params.cols, changed.params.a_format.name) == (16, 8, "int4")
    assert changed.name == "systolic-8x8-int8-rows-16-a_format-int4"
    assert changed.description == ""
    assert load(plain, rows=8) == plain
    assert load(changed) is changed


def test_long_names_become_a_digest():
    changed = load("systolic-8x8-int8", max_reduction=1000, multiplier_bits=12, requantize=True, bias=True)
    assert changed.name == f"systolic-8x8-int8-{changed.params.digest[:8]}"


def test_file(tmp_path):
    path = tmp_path / "mine.yaml"
    path.write_text("family: systolic\nparams: {rows: 3, dataflow: weight_stationary}\n")
    found = load(path)
    assert (found.name, found.params.rows, found.params.stationary) == ("mine", 3, True)
    assert load(str(path)) == found
    path.write_text("family: systolic\nname: other\ndescription: mine\n")
    assert load(path) == Spec("other", SYSTOLIC, SYSTOLIC.params.parse({}), "mine")


def test_mapping():
    assert load({"family": "systolic", "params": {"rows": 2}}) == Spec(
        "systolic", SYSTOLIC, SYSTOLIC.params.parse({"rows": 2})
    )
    assert load({"family": "systolic", "name": "x"}, rows=3).params.rows == 3


def test_what_a_file_says_comes_back():
    for preset in presets().values():
        again = yaml.safe_load(yaml.safe_dump({"family": preset.family.name, "params": preset.params.to_dict()}))
        assert load(again).params == preset.params


def test_unknown_preset():
    names = ", ".join(sorted(presets()))
    rule = f"Spec must be a YAML file or one of the presets {names}, not "
    refused(f"{rule}'systolic-8x8-int9'; did you mean 'systolic-8x8-int8'?", "systolic-8x8-int9")
    refused(f"{rule}'qqq'", "qqq")
    refused(f"{rule}3", 3)


def test_missing_file(tmp_path):
    path = str(tmp_path / "none.yaml")
    refused(f"Spec must be a file that can be read (No such file or directory), not {path!r}", path)
    refused(f"Spec must be a file that can be read (Is a directory), not {str(tmp_path)!r}", str(tmp_path))


KEYS = "be family, name, description or params"
TAG = "could not determine a constructor for the tag 'tag:yaml.org,2002:python/object:os.system'"
CHARACTER = 'unacceptable character #x0001: special characters are not allowed in "<unicode string>", position 3'
FILES = [
    ("a: [1", "Spec {} must be YAML, but has a mistake in line 1: expected ',' or ']', but got '<stream end>'"),
    ("x: !!python/object:os.system 1", "Spec {} must be YAML, but has a mistake in line 1: " + TAG),
    ("a: \x01", "Spec {} must be YAML, but has a mistake: " + CHARACTER),
    ("", "Spec {} must hold keys and values, family among them, not None"),
    ("- 1", "Spec {} must hold keys and values, family among them, not [1]"),
    ("params: {}", "Spec {} must name its family, one of attention, lut, sparse, systolic, vector"),
    (
        "family: systolik",
        "Family must be one of attention, lut, sparse, systolic, vector, not 'systolik'; did you mean 'systolic'?",
    ),
    ("family: [1]", "Family must be one of attention, lut, sparse, systolic, vector, not [1]"),
    ("family: systolic\nparam: {}", "Spec {} keys must " + KEYS + ", not 'param'; did you mean 'params'?"),
    ("family: systolic\nparams: 3", "Spec {} params must hold parameters and values, not 3"),
    ("family: systolic\nparams: {3: 4}", "Spec {} params must hold parameters and values, not {{3: 4}}"),
    ("family: systolic\nname: 3", "Spec {} name must be a text, not 3"),
    ("family: systolic\nname: ''", "Spec {} name must be a text, not ''"),
    ("family: systolic\nparams: {rows: 0}", "Systolic rows must be an integer from 1 to 256, not 0"),
    ("family: systolic\nparams: {rows: '8'}", "Systolic rows must be an integer from 1 to 256, not '8'"),
    ("family: systolic\nparams: {rows: 8.0}", "Systolic rows must be an integer from 1 to 256, not 8.0"),
]


@pytest.mark.parametrize(("text", "message"), FILES)
def test_bad_file(tmp_path, text, message):
    path = tmp_path / "x.yaml"
    path.write_text(text)
    refused(message.format(path), str(path))


def test_file_that_is_no_text(tmp_path):
    path = tmp_path / "x.yaml"
    path.write_bytes(b"\xff\xfe\xff")
    refused(f"Spec must be a YAML file in UTF-8, not {str(path)!r}", path)


def test_bad_override():
    refused("Systolic cols must be an integer from 1 to 256, not 'many'", "systolic-8x8-int8", cols="many")


def test_families_of_other_packages(installed):
    installed(Entry("toy", "toy.family:TOY", TOY))
    own = {"attention": ATTENTION, "lut": LUT, "sparse": SPARSE, "systolic": SYSTOLIC, "vector": VECTOR}
    assert families() == own | {"toy": TOY}
    assert load({"family": "toy", "params": {"lanes": 3}}).params == ToyParams(lanes=3)
    assert load({"family": "toy"}, lanes=4).name == "toy-lanes-4"


def test_families_that_cannot_join(installed):
    installed(Entry("bad", "bad.family:X", ImportError("no bad")))
    message = "Family 'bad' of bad.family:X must load, but raised ImportError('no bad')"
    with pytest.raises(InputError, match=f"^{re.escape(message)}$"):
        families()
    assert family("systolic") is SYSTOLIC
    installed(Entry("bad", "bad.family:X", 3))
    message = "Family 'bad' of bad.family:X must be an rtloom.generators.family.Family, not 3"
    with pytest.raises(InputError, match=f"^{re.escape(message)}$"):
        families()
    installed(Entry("again", "x:Y", SYSTOLIC))
    message = "Family 'systolic' of x:Y must have a name of its own; there is one already"
    with pytest.raises(InputError, match=f"^{re.escape(message)}$"):
        families()


def test_the_group_is_the_documented_one():
    assert spec_module.GROUP == "rtloom.families"
    assert list(importlib.metadata.entry_points(group=spec_module.GROUP)) == []
