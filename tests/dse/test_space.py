"""Documents of spaces: what they may hold, and one clear line for each mistake."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from rtloom.dse.explore.example import EXAMPLE
from rtloom.dse.space.document import Space, parse_space, read_space
from rtloom.errors import InputError

GOOD: dict[str, Any] = {"family": "systolic", "workload": "mobilenet-v1", "axes": {"rows": [2, 4], "cols": [4]}}


def parse(**changes: Any) -> Space:
    """Return the good space with changes."""
    return parse_space({**GOOD, **changes}, "Space s", "s")


def test_the_example_is_a_space(tmp_path: Path) -> None:
    file = tmp_path / "space.yaml"
    file.write_text(EXAMPLE)
    space = read_space(file)
    assert space.values["cols"] == [4, 8, 16]
    assert space.values["rows"] == [4, 8, 12, 16]
    assert space.bounds == {"area": (-float("inf"), 250000.0)}
    assert [recipe.words for recipe in space.parsed_recipes] == ["Booth, area", "array multipliers, area"]
    assert yaml.safe_load(EXAMPLE)["name"] == space.name == "int8-arrays"


def test_defaults() -> None:
    space = parse()
    assert space.objectives == ["latency", "area", "energy"]
    assert (space.name, space.clock_mhz, space.around.buffer_kib, space.searched.method) == ("s", 100.0, 512.0, "auto")


def test_files_are_found_beside_the_space(tmp_path: Path) -> None:
    folder = tmp_path / "here"
    folder.mkdir()
    (folder / "net.yaml").write_text("layers: [{name: a, type: gemm, m: 1, k: 2, n: 3}]")
    (folder / "s.yaml").write_text(yaml.safe_dump(GOOD | {"workload": "net.yaml", "liberty": ["cells.lib"]}))
    space = read_space(folder / "s.yaml")
    assert space.workload == str(folder / "net.yaml")
    assert space.liberty == [str(folder / "cells.lib")]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"axes": {"row": [1]}}, "Systolic has no parameter 'row'; it has rows, cols"),
        ({"axes": {"rows": [0]}}, "Systolic rows must be an integer from 1 to 256, not 0"),
        (
            {"axes": {"rows": []}},
            "Space axis rows must be a list of values, or from and to with step or times; an empty",
        ),
        ({"axes": {"rows": [2, 2]}}, "Space axis rows must hold each value once, not 2"),
        ({"axes": {"rows": {"from": 4, "to": 2}}}, "Space axis rows must be a list of values"),
        ({"axes": {"rows": {"from": 0, "to": 8, "times": 2}}}, "Space axis rows must go up"),
        ({"axes": {"rows": {"from": 1, "to": 8, "by": 2}}}, "Space axis rows must be a list of values, or from and to"),
        ({"axes": {"rows": {"from": 1.5, "to": 8}}}, "Space axis rows from must be an integer, not 1.5"),
        ({"axes": {}}, "Space axes must name at least one parameter that varies; this space is empty"),
        ({"base": {"rows": 2}}, "Space base must leave out rows, which is an axis, not 2"),
        ({"base": {"colour": 2}}, "Systolic has no parameter 'colour'"),
        ({"family": "systolik"}, "did you mean 'systolic'?"),
        ({"objectives": ["speed"]}, "Space objectives must be of latency, throughput, area, energy, edp, accuracy"),
        ({"objectives": []}, "Space objectives must be at least one, each once, not []"),
        (
            {"objectives": ["latency", "throughput"]},
            "Space objectives must hold latency or throughput, which rank alike",
        ),
        ({"constraints": {"aera": {"at_most": 1}}}, "did you mean 'area'?"),
        ({"constraints": {"area": 5}}, "Space constraint area must hold at_least, at_most or both, not 5"),
        ({"constraints": {"area": {"at_most": "5"}}}, "Space constraint area at_most must be a number, not '5'"),
        (
            {"constraints": {"area": {"at_least": 5, "at_most": 4}}},
            "Space constraint area must allow some value, but at_least 5 is more than at_most 4",
        ),
        ({"memory": {"dram": "ddr9"}}, "Space memory dram must be lpddr4, lpddr, ddr3, gddr5, hbm2 or hmc"),
        ({"memory": {"size": 1}}, "Space memory has no parameter 'size'"),
        ({"recipes": []}, "Space recipes must be at least one, each once, not []"),
        ({"recipes": [{"goal": "speed"}]}, "Space recipe goal must be one of area, balanced, delay, not 'speed'"),
        ({"search": {"method": "luck"}}, "Space search method must be auto, exhaustive, nsga2 or tpe"),
        ({"clock_mhz": 0}, "Space clock_mhz must be a number of MHz above 0, not 0"),
        ({"data": "real"}, "Space data must be uniform, gauss or relu: random tensors, not 'real'"),
        ({"colour": 1}, "Space has no parameter 'colour'"),
        ({"constraints": {"dsp": {"at_most": 8}}}, "Space fpga must be given where dsp is bounded, not None"),
        ({"kept": 2}, "Space kept must be left out for the family systolic, not 2"),
    ],
)
def test_mistakes_are_one_clear_line(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError) as caught:
        _ = parse(**changes).values
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_what_is_no_space(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="must hold keys and values, family, axes and workload among them"):
        parse_space([1], "Space s", "s")
    with pytest.raises(InputError, match=r"Space must be a file that can be read"):
        read_space(tmp_path / "none.yaml")
    with pytest.raises(InputError, match="Space axes must be given"):
        parse_space({"family": "systolic", "workload": "x"}, "Space s", "s")
