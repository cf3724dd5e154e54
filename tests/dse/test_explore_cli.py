"""The commands ``rtloom explore``, ``reproduce``, ``explain`` and ``estimate``."""

import json
from pathlib import Path

import pytest
import yaml

from rtloom.dse.estimate import model

SPACE = {
    "family": "systolic",
    "workload": "mobilenet-v1",
    "base": {"max_reduction": 16384, "cols": 1, "a_format": "int2", "b_format": "int2"},
    "axes": {"rows": [1]},
    "recipes": [{"booth": False}],
    "memory": {"buffer_kib": 256},
    "fpga": "ice40",
    "constraints": {"dsp": {"at_most": 8}},
}


@pytest.fixture(autouse=True)
def _in_a_folder_of_its_own(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def written(name="s.yaml", **changes):
    Path(name).write_text(yaml.safe_dump(SPACE | changes))
    return name


def test_an_exploration_is_shown_asked_for_reproduced_and_explained(rtloom_command):
    pytest.importorskip("plotly")
    ran = rtloom_command("explore", written(), "-o", "out", "--jobs", 1)
    assert ran.status == 0, ran.err
    head, row = ran.out.splitlines()[:2]
    assert head.split() == ["point", "rows", "recipe", "latency", "area", "energy", "utilisation"]
    assert "s: 1 points (1 valid, exhaustive), 1 netlists, 1 of them simulated, 1 on the front" in ran.out
    point = row.split()[0]
    again = rtloom_command("explore", "s.yaml", "-o", "out", "--json")
    document = json.loads(again.out)
    assert document["front"] == [f"{point}/array multipliers, area"]
    figures = document["variants"][0]["figures"]
    assert figures["lut"]["unit"] == "LUT4"
    assert figures["dsp"]["value"] == 0
    status = json.loads(rtloom_command("explore", "--status", "-o", "out", "--json").out)
    assert status["report"] == "status"
    assert "out/explore.db: 1 sweep, 1 point, " in rtloom_command("explore", "--status", "-o", "out").out
    exported = document["exports"]
    assert [name.partition(".")[2] for name in exported if point in name] == [
        "zigzag.yaml",
        "zigzag-mapping.yaml",
        "scalesim.cfg",
    ]
    hardware = yaml.safe_load(Path(exported[0]).read_text())
    assert hardware["operational_array"]["unit_energy"] == pytest.approx(figures["energy_per_mac"]["value"], rel=1e-3)
    reproduced = rtloom_command("reproduce", point[:5], "--store", "out/explore.db")
    assert reproduced.status == 0
    assert reproduced.out.startswith(f"{point}: 3 tasks again, all ")
    explained = rtloom_command("explain", point, "--store", "out/explore.db").out
    for title in ("Cycles by layer", "Area by module, array multipliers, area", "Energy of a job by module"):
        assert title in explained


def test_the_example_can_be_read(rtloom_command):
    ran = rtloom_command("explore", "--example")
    assert yaml.safe_load(ran.out)["family"] == "systolic"


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"axes": {"rowz": [1]}}, "Systolic has no parameter 'rowz'"),
        ({"axes": {}}, "this space is empty"),
        ({"constraints": {"area": {"at_least": 2, "at_most": 1}}}, "at_least 2 is more than at_most 1"),
        ({"constraints": {"area": {"at_most": 1}}}, "must hold a point with area at most 1 GE, but they reach from"),
        ({"workload": "resnet-51"}, "did you mean 'resnet-50'?"),
        ({"node": "3nm"}, "Technology node must be one of asap7, sky130, sg13g2, not '3nm'"),
        ({"liberty": ["none.lib"]}, "none.lib must be readable"),
        (
            {"axes": {"rows": [3]}, "base": {"packing": True}},
            "a point that keeps the family's rules: Systolic rows",
        ),
        ({"memory": {"buffer_kib": 4096}}, "4194304"),
    ],
)
def test_mistakes_are_one_line(rtloom_command, changes, message):
    ran = rtloom_command("explore", written(**changes), "-o", "out")
    assert (ran.status, ran.out) == (2, "")
    last = ran.err.splitlines()[-1]
    assert last.startswith("rtloom: error: ")
    assert message in last


def test_a_store_that_is_none(rtloom_command, tmp_path):
    assert "Store must be an existing file" in rtloom_command("explore", "--status", "--store", "none.db").err
    (tmp_path / "text.db").write_text("no store")
    before = (tmp_path / "text.db").read_bytes()
    ran = rtloom_command("explore", written(), "--store", "text.db")
    assert (ran.status, "Store must be a store of rtloom explore" in ran.err) == (2, True)
    assert (tmp_path / "text.db").read_bytes() == before
    assert rtloom_command("explore").err.startswith("rtloom: error: Space must be a YAML file")


def test_estimates_say_where_they_come_from(rtloom_command):
    ran = rtloom_command("estimate", "systolic-8x8-int8", "--workload", "mobilenet-v1", "--json")
    figures = json.loads(ran.out)["figures"]
    assert figures["cycles"]["source"] == "exact"
    assert figures["area"]["source"].startswith("model ±")
    assert "held out" in figures["area"]["source"]
    assert figures["area"]["value"] > 10_000
    plain = rtloom_command("estimate", "systolic-8x8-int8")
    assert plain.out.startswith("area ")
    for option in ("--clock-mhz", "--buffer-kib", "--bandwidth"):
        alone = rtloom_command("estimate", "systolic-8x8-int8", option, 5)
        assert alone.err == f"rtloom: error: Option {option} must be given with --workload, not 5.0\n"
    wrong = rtloom_command("estimate", "systolic-8x8-int8", "--workload", "resnet-50", "--clock-mhz", -1)
    assert wrong.err == "rtloom: error: Space clock_mhz must be a number of MHz above 0, not -1.0\n"


def test_folders_and_designs_that_cannot_be(rtloom_command):
    ran = rtloom_command("explore", written(), "-o", "s.yaml")
    assert ran.err == "rtloom: error: Output must be a folder that can be written (file exists), not 's.yaml'\n"
    assert yaml.safe_load(Path("s.yaml").read_text())["family"] == "systolic"
    ran = rtloom_command("calibrate", "systolic", "-o", "s.yaml")
    assert ran.err == "rtloom: error: Output must be a folder that can be written (file exists), not 's.yaml'\n"
    ran = rtloom_command("estimate", "systolic-8x8-int8-layer", "-p", "activation=squared_relu")
    assert (ran.status, ran.out) == (2, "")
    assert "Estimated systolic activation must be none or relu, which were measured, not 'squared_relu'" in ran.err


def test_a_family_that_nobody_calibrated(rtloom_command, monkeypatch):
    monkeypatch.setattr(model, "_calibrations", lambda _: [])
    ran = rtloom_command("estimate", "vector-gelu")
    assert (ran.status, ran.out) == (2, "")
    assert "vector is calibrated neither for this design nor with rtloom gate equivalents" in ran.err


def test_a_calibration_refuses_what_it_would_ignore(rtloom_command):
    ran = rtloom_command("calibrate", "systolic", "--fit-only", "--points", 9)
    assert ran.err == "rtloom: error: Option --points must be left out in --fit-only, not 9\n"
    ran = rtloom_command("calibrate", "systolic", "--node", "asap7")
    assert ran.err == "rtloom: error: Option --node must be left out in a calibration without --energy, not 'asap7'\n"
