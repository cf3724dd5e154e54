"""README and pages are true: commands and examples run and print what is shown; tables, pictures and links hold."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
PAGES = [
    "README.md",
    *(f"docs/{name}.md" for name in ("lut", "sparse", "attention", "vector", "verify", "explore", "boards")),
]
PICTURES = {"picture": "idea.svg", "lut_picture": "lut.svg"}
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def blocks(language, page="README.md"):
    """Return a page's code blocks of a language in their order."""
    text = (ROOT / page).read_text(encoding="utf-8")
    return [block for kind, block in BLOCK.findall(text) if kind == language]


def steps(block):
    """Return (command, expected output) of each line that begins with a prompt."""
    parts = re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]
    found = []
    for part in parts:
        command, _, output = part.partition("\n")
        while command.endswith("\\"):
            line, _, output = output.partition("\n")
            command = f"{command[:-1]} {line.strip()}"
        found.append((command, output))
    return found


def shown_in(expected, got):
    """Say whether the output is what is shown, where ``...`` stands for anything."""
    pattern = re.escape(expected.strip()).replace(re.escape("..."), ".*")
    return re.fullmatch(pattern, got.strip(), re.DOTALL) is not None


def test_console_examples_print_what_is_shown(tmp_path):
    """One folder and one shell's environment for all blocks, top to bottom, as a reader would go through them."""
    environment = {
        **os.environ,
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "COLUMNS": "110",
        "NO_COLOR": "1",
    }
    commands = [step for block in blocks("console") for step in steps(block)]
    assert len(commands) >= 5
    for command, expected in commands:
        done = subprocess.run(
            ["bash", "-c", command], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, f"{command}\n{done.stderr}"
        assert not expected or shown_in(expected, done.stdout), f"{command}\n{done.stdout}"


@pytest.mark.parametrize("page", PAGES)
def test_python_examples_print_what_is_shown(page, tmp_path, monkeypatch, capsys):
    """A line that ends in ``# -> text`` prints that text."""
    monkeypatch.chdir(tmp_path)
    names = {"__name__": "readme"}
    examples = blocks("python", page)
    assert examples
    for example in examples:
        capsys.readouterr()
        exec(compile(example, page, "exec"), names)  # the examples are ours
        expected = re.findall(r"# -> (.*)$", example, re.MULTILINE)
        assert capsys.readouterr().out.splitlines() == expected


def test_commands_of_the_first_page_are_make_targets():
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"^(\w+):", makefile, re.MULTILINE))
    named = set(re.findall(r"\bmake (\w+)\b", README))
    assert {"demo", "test"} <= named <= targets


def test_continuous_integration_runs_the_test_command():
    assert "exec make test" in (ROOT / ".ci" / "run").read_text(encoding="utf-8")


@pytest.mark.parametrize("page", [*PAGES, "CONTRIBUTING.md"])
def test_links_lead_somewhere(page):
    text = (ROOT / page).read_text(encoding="utf-8")
    links = [link for link in re.findall(r"\]\(([^)#]+)[^)]*\)", text) if not link.startswith("http")]
    assert [link for link in links if not ((ROOT / page).parent / link).exists()] == []


def test_every_preset_is_listed():
    presets = {path.stem for path in (ROOT / "generators" / "presets").glob("*.yaml")}
    assert {name for name in presets if f"`{name}`" not in README} == set()


def test_figures_are_those_that_were_measured():
    """The tables are what docs/figures.py makes of the files that the demos and the benchmarks wrote."""
    done = subprocess.run(
        [sys.executable, ROOT / "docs" / "figures.py", "--check"], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("script", PICTURES)
def test_pictures_are_what_their_scripts_draw(script):
    code = f"from rtloom.docs import {script}; print({script}.draw(), end='')"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == (ROOT / "docs" / PICTURES[script]).read_text(encoding="utf-8")
