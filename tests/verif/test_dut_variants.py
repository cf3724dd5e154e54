"""Every family's broken designs: each is put into the class that it belongs to."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from rtloom.errors import InputError
from rtloom.generators.design import emit_design
from rtloom.generators.spec import families
from rtloom.verif.dut.classes import CLASSES
from rtloom.verif.dut.variants import ClassifierReport, Placed, Variant, judge, read_variants

FOLDER = Path(__file__).parent / "broken"
BENCH_CLASSES = {
    "deadlock",
    "never_ready",
    "protocol_violated",
    "wrong_after_reset",
    "wrong_from_the_first_beat",
    "wrong_last",
    "wrong_number_of_beats",
    "wrong_on_corner_values",
    "wrong_results",
    "wrong_under_stalls",
}


def quick(variant: Variant) -> bool:
    """Leave out the faults around a design, which are the same in every family and tried with the first one."""
    return not variant.fault


@pytest.mark.usefixtures("unwatched")
@pytest.mark.parametrize("family", ["systolic", "lut", "sparse", "vector", "attention"])
def test_each_broken_design_is_in_its_class(family: str) -> None:
    report = judge([FOLDER / f"{family}.yaml"], keep=quick if family != "systolic" else lambda _: True)
    assert len(report.placed) >= 10
    wrong = [f"{p.name} must be {p.expected}, not {p.found}: {p.message}" for p in report.placed if not p.right]
    assert not wrong, wrong


def test_every_family_has_broken_designs_of_many_classes() -> None:
    files = {file.stem: read_variants(file) for file in sorted(FOLDER.glob("*.yaml"))}
    assert set(files) == set(families())
    for name, variants in files.items():
        assert variants.spec.family.name == name
        assert len(variants.variants) >= 8
        assert len({variant.name for variant in variants.variants}) == len(variants.variants)
        assert len({variant.expected for variant in variants.variants}) >= 8
    every = {variant.expected for variants in files.values() for variant in variants.variants}
    assert every >= BENCH_CLASSES | {"does_not_parse", "unknown_module", "clock_or_reset_not_bound"}
    assert every <= set(CLASSES)


def test_expressions_match_what_is_emitted_now() -> None:
    for file in sorted(FOLDER.glob("*.yaml")):
        variants = read_variants(file)
        design = emit_design(variants.spec)
        texts = {variant.apply(design) for variant in variants.variants}
        assert len(texts) == len(variants.variants)
        assert design.verilog not in texts


def test_the_report_counts() -> None:
    placed = (
        Placed("lut", "a", "deadlock", "deadlock", "m"),
        Placed("lut", "b", "deadlock", "never_ready", "n"),
    )
    report = ClassifierReport("lut", placed)
    assert str(report) == "lut: 1 of 2 broken designs in their class, 50 % [rtl-sim]"
    raw = report.to_dict()
    assert (raw["report"], raw["right"]["value"], raw["of"]["value"]) == ("classifier", 1, 2)
    assert raw["variants"][1] == {
        "design": "lut",
        "name": "b",
        "expected": "deadlock",
        "found": "never_ready",
        "message": "n",
        "right": False,
    }
    assert json.dumps(raw)


GOOD: dict[str, Any] = {
    "spec": {"family": "vector", "params": {"unit": "gelu"}},
    "only": ["small_free_flow"],
    "variants": [{"name": "x", "class": "deadlock", "replace": {"nowhere": "there"}}],
}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"more": 1}, r"^Variants v\.yaml must be a mapping with spec, only and variants, not "),
        ({"variants": [{"name": "x", "class": "bad"}]}, r"^Class of variant x must be one of passed, .*, not 'bad'$"),
        ({"variants": [{"name": "x", "class": "passed", "regex": {}}]}, r"^Variant key must be one of class, count, "),
    ],
)
def test_files_with_mistakes(change: dict[str, Any], message: str, tmp_path: Path) -> None:
    file = tmp_path / "v.yaml"
    file.write_text(yaml.safe_dump(GOOD | change))
    with pytest.raises(InputError, match=message):
        read_variants(file)


def test_an_expression_that_matches_nothing_is_an_error(tmp_path: Path) -> None:
    file = tmp_path / "v.yaml"
    file.write_text(yaml.safe_dump(GOOD))
    variants = read_variants(file)
    with pytest.raises(InputError, match=r"^Variant x must match the Verilog of vector, not 'nowhere'$"):
        variants.variants[0].apply(emit_design(variants.spec))
