"""The package as users get it: complete wheel, light import, public names, and the house rules on every file."""

import ast
import json
import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from importlib.metadata import version
from itertools import chain
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

import rtloom

ROOT = Path(__file__).resolve().parent.parent
OUTSIDE = {"tests", "build", "dist", "docs"}
"""Folders that are no part of the wheel."""


def shipped(*suffixes: str) -> list[Path]:
    """Return the files of the package with one of the suffixes (all, without any), relative to the checkout."""
    found = []
    for path in sorted(ROOT.rglob("*")):
        parts = path.relative_to(ROOT).parts
        hidden = any(part.startswith(".") or part == "__pycache__" or part.endswith(".egg-info") for part in parts)
        if path.is_file() and not hidden and parts[0] not in OUTSIDE and (not suffixes or path.suffix in suffixes):
            found.append(path.relative_to(ROOT))
    return found


MODULES = shipped(".py")
TESTS = sorted(path.relative_to(ROOT) for path in (ROOT / "tests").rglob("*.py"))


def words(path: Path) -> str:
    return (ROOT / path).read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """Build the wheel from a copy, offline, with the installed setuptools."""
    work = tmp_path_factory.mktemp("wheel")
    hidden = shutil.ignore_patterns(".*", "__pycache__", "build", "dist", "*.egg-info", "tests")
    shutil.copytree(ROOT, work / "source", ignore=hidden)
    build = f"from setuptools.build_meta import build_wheel; build_wheel({str(work)!r})"
    done = subprocess.run(
        [sys.executable, "-c", build], cwd=work / "source", capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    (path,) = work.glob("*.whl")
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def test_wheel_holds_every_module_and_data_file(wheel):
    extra = {"LICENSE", "Makefile", "requirements.lock", "setup.sh", "pyproject.toml"}
    expected = {f"rtloom/{path.as_posix()}" for path in shipped() if path.suffix != ".md" and path.name not in extra}
    assert {name for name in wheel if not name.split("/")[0].endswith(".dist-info")} == expected


def test_wheel_names_the_command_the_licence_and_the_python_that_it_needs(wheel):
    info = {name.split("/", 1)[1]: raw.decode() for name, raw in wheel.items() if ".dist-info/" in name}
    assert "rtloom = rtloom.__main__:main" in info["entry_points.txt"]
    assert "Apache License" in info["licenses/LICENSE"]
    assert "Requires-Python: >=3.11" in info["METADATA"]
    assert "License-Expression: Apache-2.0" in info["METADATA"]


def test_import_is_light():
    heavy = ["amaranth", "cocotb", "numpy", "pydantic", "pyosys", "typer", "yaml"]
    code = f"import sys, rtloom; print([name for name in {heavy} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_public_names_all_resolve_and_are_listed():
    for name in rtloom.__all__:
        assert getattr(rtloom, name) is not None
        assert name in dir(rtloom)
    assert rtloom.__version__ == version("rtloom")
    assert {"load", "simulate", "emit_design", "InputError"} <= set(rtloom.__all__)


def test_public_names_are_known_to_type_checkers():
    checked = re.findall(r"^    from \.\S+ import (\w+) as \1$", words(Path("__init__.py")), re.MULTILINE)
    assert sorted([*checked, "__version__"]) == sorted(rtloom.__all__)


def test_unknown_name():
    with pytest.raises(AttributeError, match=r"^module 'rtloom' has no attribute 'simulte'$"):
        _ = rtloom.simulte


def test_first_line_tells_the_purpose():
    first = {path: (ast.get_docstring(ast.parse(words(path))) or "").split("\n")[0] for path in [*MODULES, *TESTS]}
    assert {path: line for path, line in first.items() if not line.endswith(".") or len(line) < 10} == {}


def test_package_files_hold_one_docstring():
    packages = [path for path in MODULES if path.name == "__init__.py" and len(path.parts) > 1]
    assert len(packages) >= 8
    assert [path for path in packages if len(words(path).splitlines()) != 1] == []


@pytest.mark.parametrize(
    "banned",
    [
        r"^from \S+ import \*",
        r"#\s*no" + r"qa",
        r"#\s*type:\s*ignore(?!\[)",
        r"NotImplemented" + r"Error|\bTO" + r"DO\b|\bFIX" + r"ME\b|\bXX" + r"X\b",
    ],
    ids=["star import", "lint exception in code", "bare type exception", "unfinished"],
)
def test_habits_kept(banned):
    assert [path for path in [*MODULES, *TESTS] if re.search(banned, words(path), re.MULTILINE)] == []


def test_hardware_modules_keep_their_annotations():
    """Amaranth reads them; as strings they would be lost."""
    lost = [
        path
        for path in MODULES
        if re.search(r"^from amaranth", words(path), re.MULTILINE) and "import annotations" in words(path)
    ]
    assert not lost


def test_no_path_of_a_machine_in_any_file():
    pattern = re.compile(r"(?<![\w.])/(?:work|root|farm|opt|home/\w+)/|bash_" + r"jobs|index-" + r"url")
    texts = [
        p for p in [*shipped(), *TESTS] if p.suffix in ("", ".py", ".md", ".toml", ".lock", ".sh", ".yaml", ".svg")
    ]
    texts += [p.relative_to(ROOT) for p in (ROOT / "docs").rglob("*") if p.suffix in (".md", ".py", ".svg")]
    assert [str(path) for path in texts if pattern.search(words(path))] == []


def project():
    return tomllib.loads(words(Path("pyproject.toml")))["project"]


def test_lock_pins_every_dependency_within_its_bounds():
    lines = [line for line in words(Path("requirements.lock")).splitlines() if not line.startswith("#")]
    assert all(re.fullmatch(r"[A-Za-z0-9._-]+==[A-Za-z0-9.+]+", line) for line in lines)
    pinned = {canonicalize_name(name): number for name, number in (line.split("==") for line in lines)}
    for text in [*project()["dependencies"], *chain.from_iterable(project()["optional-dependencies"].values())]:
        needed = Requirement(text)
        assert needed.specifier.contains(pinned[canonicalize_name(needed.name)]), text


def test_every_dependency_says_why():
    block = words(Path("pyproject.toml")).split("[project.scripts]")[0].split("dependencies = [", 1)[1]
    entries = [line for line in block.splitlines() if re.match(r'  "[A-Za-z]', line)]
    assert len(entries) == len(project()["dependencies"]) + sum(map(len, project()["optional-dependencies"].values()))
    assert [line for line in entries if not re.search(r'[",]\s+# \w+', line)] == []


def test_make_lists_its_targets():
    done = subprocess.run(["make", "help"], cwd=ROOT, capture_output=True, text=True, check=True)
    listed = re.findall(r"^  make (\w+) ", done.stdout, re.MULTILINE)
    assert {"setup", "demo", "verilog", "regress", "test", "lint", "bench", "clean", "help"} <= set(listed)


def without(tool: str, folder: Path) -> str:
    """Return a PATH that has what setup.sh uses, all but one tool."""
    for name in {"sh", "dirname", "python3", "g++", "make", "perl", "mkdir", "ln", "touch"} - {tool}:
        target = sys.executable if name == "python3" else shutil.which(name)
        (folder / name).symlink_to(target or "/bin/true")
    return str(folder)


@pytest.mark.parametrize(
    ("tool", "message"),
    [
        ("g++", "setup: g++ must be installed: apt install g++ make perl"),
        ("perl", "setup: perl must be installed: apt install g++ make perl"),
        ("python3", "setup: Python 3.11 or newer must be installed: apt install python3 python3-venv"),
    ],
)
def test_setup_says_in_one_line_what_is_missing(tool, message, tmp_path):
    environment = {"PATH": without(tool, tmp_path), "VENV": str(tmp_path / "venv")}
    done = subprocess.run([str(ROOT / "setup.sh")], env=environment, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (2, "", message + "\n")
    assert not (tmp_path / "venv").exists()


def test_families_of_other_packages_join_by_entry_point(tmp_path):
    """A package that was not written here, found on the path, adds a family without a change in rtloom."""
    info = tmp_path / "weaver-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: weaver\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[rtloom.families]\nweave = weaver:WEAVE\n")
    (tmp_path / "weaver.py").write_text(
        "from rtloom.generators.systolic.family import Systolic\n"
        "class Weave(Systolic):\n    name = 'weave'\n"
        "WEAVE = Weave()\n"
    )
    code = "import json, rtloom; print(json.dumps(list(rtloom.families())))"
    done = subprocess.run(
        [sys.executable, "-c", code], env={"PYTHONPATH": str(tmp_path)}, capture_output=True, text=True, check=True
    )
    assert json.loads(done.stdout) == [*rtloom.families(), "weave"]
