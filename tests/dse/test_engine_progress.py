"""What a run shows while it goes on."""

import io

import pytest
from rich.console import Console

from rtloom.dse.engine import progress as shown
from rtloom.dse.engine.outcome import Progress
from rtloom.dse.engine.progress import Display, described
from rtloom.dse.engine.task import Task

RUNNING = (Task("k", "rooms.costs:area", "p", {}), Task("l", "rooms.costs:area", "p", {}))
SOME = Progress(
    total=1000,
    done=490,
    failed=10,
    reused=100,
    running=RUNNING,
    elsewhere=2,
    kinds={"rooms.costs:area": (400, 600), "rooms.costs:energy": (100, 400)},
    rate=0.1,
    left=5000.0,
)
END = Progress(total=2, done=2, failed=0, reused=0, running=(), elsewhere=0, kinds={"m:f": (2, 2)}, rate=1.0, left=0.0)
LINE = "500 of 1,000 tasks, 10 failed, 100 known before, 2 in other runs, 6.0 a minute, 1:23:20 left, front of 7"


def test_lines() -> None:
    assert described(SOME, "front of 7", bar=False) == LINE
    assert described(END, "", bar=False) == "2 of 2 tasks, 60.0 a minute"
    bar, below = described(SOME, "front of 7", bar=True).splitlines()
    assert bar == f"{'━' * 15}{'╌' * 15} {LINE}"
    assert below == "area 400/600, energy 100/400; running: 2 area"
    assert described(END, "", bar=True).splitlines()[1] == "f 2/2; running: nothing"


@pytest.fixture
def terminal(monkeypatch):
    """Return a function that makes displays write to a file of that kind, and the file."""
    file = io.StringIO()

    def choose(is_terminal: bool) -> io.StringIO:
        def console(**options) -> Console:
            assert options.pop("stderr")
            return Console(file=file, force_terminal=is_terminal, width=200, **options)

        monkeypatch.setattr(shown, "Console", console)
        return file

    return choose


def test_without_a_terminal_there_is_a_line_now_and_then(terminal, monkeypatch) -> None:
    file, now = terminal(is_terminal=False), [1000.0]
    monkeypatch.setattr(shown.time, "monotonic", lambda: now[0])
    with Display() as display:
        display.note("front of 7")
        for _ in range(30):
            display(SOME)
            now[0] += 1
        display(END)
    assert file.getvalue().splitlines() == [LINE] * 3 + ["2 of 2 tasks, 60.0 a minute, front of 7"]


def test_on_a_terminal_the_lines_stay_in_place(terminal) -> None:
    file = terminal(is_terminal=True)
    with Display() as display:
        display(SOME)
        display.say("a sentence")
    text = file.getvalue()
    assert "━━━" in text
    assert "running: 2 area" in text
    assert "a sentence\n" in text


@pytest.mark.parametrize("is_terminal", [True, False])
def test_quiet(terminal, is_terminal) -> None:
    file = terminal(is_terminal)
    with Display(quiet=True) as display:
        display(SOME)
        display.say("a sentence")
    assert file.getvalue() == ""
