"""The commands list, describe and verilog, as a shell sees them."""

import json
import re
import sys

import pytest
import typer
import yaml

from rtloom import commands_verilog
from rtloom.errors import InputError, RtloomError
from rtloom.generators import cli
from rtloom.generators.cli import overrides
from rtloom.generators.spec import load, presets
from rtloom.hdl.manifest import Manifest

app = typer.Typer(pretty_exceptions_enable=False)
cli.register(app)
commands_verilog.register(app)


@pytest.fixture
def run(capsys, monkeypatch):
    """Return a function that runs a command and returns what it prints."""
    monkeypatch.setenv("COLUMNS", "120")

    def command(*arguments):
        monkeypatch.setattr(sys, "argv", ["rtloom", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            app()
        assert ended.value.code in (0, None)
        return capsys.readouterr().out

    return command


def refused(run, message, *arguments):
    """Assert that the command fails with that one line."""
    with pytest.raises(RtloomError, match=f"^{re.escape(message)}$") as error:
        run(*arguments)
    assert error.value.exit_status == 2


def test_list(run):
    printed = run("list")
    for name, preset in presets().items():
        assert re.search(rf"^  {name} +{re.escape(preset.description)}$", printed, re.MULTILINE)
    assert "  systolic   dense GEMM" in printed
    assert "ternary" in printed


def test_list_json(run):
    content = json.loads(run("list", "--json"))
    assert set(content) == {"families", "presets", "formats"}
    assert set(content["presets"]) == set(presets())
    assert content["presets"]["systolic-4x4-int8"]["params"]["rows"] == 4


def test_describe(run):
    printed = run("describe", "systolic")
    fields = load("systolic-8x8-int8").family.params.model_fields
    for name, field in fields.items():
        assert re.search(rf"^{name} = ", printed, re.MULTILINE)
        assert field.description in printed
    assert "rows = 8\n    PE rows" in printed
    assert "; an integer from 1 to 256" in printed
    assert "\na_format = int8\n" in printed
    assert "\naccumulator_bits = null\n" in printed


def test_describe_json_is_a_schema(run):
    schema = json.loads(run("describe", "systolic", "--json"))
    assert schema["additionalProperties"] is False
    rows = schema["properties"]["rows"]
    assert (rows["minimum"], rows["maximum"], rows["default"]) == (1, 256, 8)
    assert schema["properties"]["a_format"]["default"] == "int8"
    assert all("description" in field for field in schema["properties"].values())


def test_describe_unknown(run):
    rule = "Family must be one of attention, lut, sparse, systolic, vector, not 'sistolic'; did you mean 'systolic'?"
    refused(run, rule, "describe", "sistolic")


def test_verilog(run, tmp_path):
    out = tmp_path / "out"
    printed = run("verilog", "systolic-4x4-int8", "-p", "rows=2", "-p", "a_format=int4", "-o", out, "--name", "mine")
    files = [out / f"mine.{suffix}" for suffix in ("v", "json", "core")]
    assert printed.splitlines() == [str(file) for file in files]
    assert sorted(out.iterdir()) == sorted(files)
    assert Manifest.load(files[1]).params["a_format"] == "int4"
    assert "module mine (" in files[0].read_text()


def test_verilog_json(run, tmp_path):
    content = json.loads(run("verilog", "systolic-4x4-int8", "-o", tmp_path, "--interface", "stream", "--json"))
    assert content["top"] == "systolic_4x4_int8"
    assert content["interface"] == "stream"
    assert content["files"][0] == str(tmp_path / "systolic_4x4_int8.v")
    assert content["modules"] == len(Manifest.load(content["files"][1]).modules)
    assert content["digest"] == load("systolic-4x4-int8").params.digest


def test_verilog_of_a_file(run, tmp_path):
    path = tmp_path / "mine.yaml"
    path.write_text(yaml.safe_dump({"family": "systolic", "params": {"rows": 2, "cols": 2}}))
    assert run("verilog", path, "-o", tmp_path).splitlines()[0] == str(tmp_path / "mine.v")


def test_verilog_with_testbench(run, tmp_path):
    printed = run("verilog", "systolic-4x4-int8", "-p", "rows=2", "-p", "cols=2", "-o", tmp_path, "--testbench")
    names = {path.name for path in tmp_path.iterdir()}
    assert {"Makefile", "run.py"} < names
    assert len(names) == len(printed.splitlines())


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("-p", "rows"), "Parameter must be given as key=value, not 'rows'"),
        (("-p", "rows=0"), "Systolic rows must be an integer from 1 to 256, not 0"),
        (("-p", "rows=two"), "Systolic rows must be an integer from 1 to 256, not 'two'"),
        (("--interface", "apb"), "Interface must be axi or stream, not 'apb'"),
        (("--name", "a b"), "Name must be a Verilog identifier, letters, digits and _, and no keyword, not 'a b'"),
    ],
)
def test_verilog_refuses(run, tmp_path, arguments, message):
    refused(run, message, "verilog", "systolic-4x4-int8", "-o", tmp_path / "out", *arguments)
    assert not (tmp_path / "out").exists()


def test_verilog_unwritable(run, tmp_path):
    (tmp_path / "file").write_text("")
    message = f"Output must be a folder that can be written (file exists), not {str(tmp_path / 'file')!r}"
    refused(run, message, "verilog", "systolic-4x4-int8", "-o", tmp_path / "file")


def test_overrides_are_yaml_scalars():
    assert overrides(["a=1", "b=true", "c=int8", "d=null", "e=1.5", "f=", "g=x=y"]) == {
        "a": 1,
        "b": True,
        "c": "int8",
        "d": None,
        "e": 1.5,
        "f": None,
        "g": "x=y",
    }
    assert overrides(None) == {}


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["=1"], "Parameter must be given as key=value, not '=1'"),
        (["a-b=1"], "Parameter must be given as key=value, not 'a-b=1'"),
        (["a=[1"], "Parameter a must have a YAML scalar as its value, not '[1'"),
        (["a=1", "a=2"], "Parameter a must be given once, not 1 and '2'"),
    ],
)
def test_overrides_refuse(words, message):
    with pytest.raises(InputError, match=f"^{re.escape(message)}$"):
        overrides(words)
