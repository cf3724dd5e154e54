"""The command ``rtloom schedule``, its pictures, and the wires of workloads that it stands on."""

import json
import xml.etree.ElementTree as ET

import pytest
import typer
from typer.testing import CliRunner

from rtloom.dse.schedule.cli import register
from rtloom.dse.schedule.graph import layer_graph
from rtloom.dse.schedule.picture import svg_picture, text_picture
from rtloom.dse.schedule.scheduler import schedule
from rtloom.dse.traffic import OperandBits
from rtloom.dse.workloads.files import read_workload
from rtloom.dse.workloads.workload import parse_workload
from rtloom.errors import InputError

app = typer.Typer()
register(app)


@app.command()
def other() -> None:
    """Make the first command one of several."""


def run(*words: str) -> str:
    found = CliRunner().invoke(app, ["schedule", *words])
    if found.exception is not None and not isinstance(found.exception, SystemExit):
        raise found.exception
    assert found.exit_code == 0, found.output
    return found.output


def test_all_methods_on_a_line_each(tmp_path) -> None:
    path = tmp_path / "m.svg"
    lines = run("mobilenet-v1", "--buffer", "512KiB", "--output", str(path)).splitlines()
    assert [line.split()[0] for line in lines] == ["milp", "belady", "lru"]
    assert "% less than lru, proved best for its steps" in lines[0]
    assert "bytes beyond 4,360,616 compulsory [exact]" in lines[2]
    root = ET.fromstring(path.read_text())
    tags = [element.tag.rpartition("}")[2] for element in root.iter()]
    assert tags.count("rect") > 100
    assert "mobilenet-v1, 512 KiB, milp" in path.read_text()


def test_json_and_letters() -> None:
    found = json.loads(run("mobilenet-v1", "--buffer", "0.5MiB", "--method", "belady", "--json"))["belady"]
    assert found["extra_bytes"]["source"] == "exact"
    assert found["dram_bytes"]["value"] == sum(found["reads"].values()) + sum(found["writes"].values())
    assert found["dram_bytes"]["value"] == sum(found["layer_bytes"].values())
    assert len(found["order"]) == 28
    text = run("mobilenet-v1", "--buffer", "512KiB", "--method", "lru", "--bits", "4", "--picture")
    assert text.count("KiB ") == 32


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--buffer", "much"], "Option --buffer must be a size as 512KiB or 2MiB, not 'much'"),
        (["--buffer", "0.3B"], "Option --buffer must be a whole number of bytes, at least 1, not '0.3B'"),
        (["--buffer", "1MiB", "-o", "a.png"], "Option --output must be a file .svg, not 'a.png'"),
        (["--buffer", "1MiB", "--method", "fifo"], "Schedule method must be milp, belady or lru, not 'fifo'"),
    ],
)
def test_mistakes_are_one_line(words, message) -> None:
    with pytest.raises(InputError) as caught:
        run("mobilenet-v1", *words)
    assert str(caught.value) == message


def test_pictures_show_what_lies_there() -> None:
    """Letters over all places: as many free ones as the moves leave."""
    graph = layer_graph(read_workload("mobilenet-v1"), OperandBits())
    found = schedule(graph, 512 * 1024, "belady")
    lines = text_picture(found, columns=10_000).splitlines()
    rows = [line[13:] for line in lines[:-1]]
    assert {len(row) for row in rows} == {len(found.moves)}
    taken = sum(len(move.places) + len(move.window) for move in found.moves)
    assert sum(row.count(".") for row in rows) == 32 * len(found.moves) - taken
    assert lines[-1].split() == f"{len(found.moves)} steps of 28 layers".split()
    assert text_picture(found, columns=20).splitlines()[-1].endswith("20 of them shown")
    area = sum(
        float(element.get("width")) * float(element.get("height"))
        for element in ET.fromstring(svg_picture(found))
        if element.tag.endswith("rect") and element.get("x") is not None
    )
    step, row = (1200 - 70) / len(found.moves), 10
    assert area == pytest.approx(taken * step * row, rel=1e-2)


LAYERS = [
    {"name": "a", "type": "gemm", "m": 4, "k": 8, "n": 8},
    {"name": "b", "type": "gemm", "m": 4, "k": 8, "n": 8, "repeat": 2},
    {"name": "c", "type": "gemm", "m": 4, "k": 8, "n": 8, "repeat": 2, "inputs": ["b"], "merges": ["c"]},
    {"name": "d", "type": "gemm", "m": 4, "k": 8, "n": 8, "inputs": ["input"], "merges": ["c"]},
]


def test_blocks_are_written_out() -> None:
    """What is not yet computed in a repetition is that of the one before; before the first, what stands before."""
    runs = parse_workload({"layers": LAYERS}, "w", "Workload w").runs
    found = [(run.name, run.inputs, run.merges) for run in runs]
    assert found == [
        ("a", (-1,), ()),
        ("b #1", (0,), ()),
        ("c #1", (1,), (0,)),
        ("b #2", (2,), ()),
        ("c #2", (3,), (2,)),
        ("d", (-1,), (4,)),
    ]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"inputs": "a"}, "layer d inputs must be a list of layers' names, not 'a'"),
        ({"merges": ["a", "a"]}, "layer d merges must be a list of layers' names, each once, not ['a', 'a']"),
        ({"merges": ["d"]}, "layer d merges must name layers that come before, or of the same repeated block, not 'd'"),
        ({"inputs": ["x"]}, "layer d inputs must name layers that come before, or of the same repeated block, not 'x'"),
    ],
)
def test_wires_that_are_none(change, message) -> None:
    with pytest.raises(InputError) as caught:
        parse_workload({"layers": [*LAYERS[:3], LAYERS[3] | change]}, "w", "Workload w")
    assert str(caught.value) == f"Workload w {message}"


def test_resnet_has_its_shortcuts() -> None:
    runs = {run.name: run for run in read_workload("resnet-50").runs}
    names = list(runs)
    shortcuts = {name: [names[at] for at in run.merges] for name, run in runs.items() if run.merges}
    assert len(shortcuts) == 16
    assert shortcuts["layer1.0.downsample"] == ["layer1.0.conv3"]
    assert shortcuts["layer1.1-2.conv3 #1"] == ["layer1.0.downsample"]
    assert shortcuts["layer1.1-2.conv3 #2"] == ["layer1.1-2.conv3 #1"]
    assert not any(run.merges for run in read_workload("mobilenet-v1").runs)
