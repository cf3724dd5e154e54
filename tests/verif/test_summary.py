"""The summary: outcomes kept one by one, failures that do not end it, and a page that explains itself."""

import json
from html.parser import HTMLParser

import pytest

from rtloom import InputError, load
from rtloom.errors import CheckError, ToolError
from rtloom.verif.summary import assess as module
from rtloom.verif.summary.assess import SMALL, assess, write_page
from rtloom.verif.summary.checks import CHECKS, Check, Effort, Result
from rtloom.verif.summary.meanings import MEANINGS
from rtloom.verif.summary.outcome import Outcome, read_outcomes, save

TINY = load("systolic-4x4-int8", rows=2, cols=2, max_reduction=16)


@pytest.fixture
def checks(monkeypatch):
    """Return what the checks give, to be changed by a test; they run nothing."""
    results = {name: Result("good", "fine", f"{name} of it was fine") for name in CHECKS}

    def fake(name):
        def run(_spec, _effort):
            if isinstance(results[name], Exception):
                raise results[name]
            return results[name]

        return run

    checks = {name: Check(check.title, check.command, fake(name)) for name, check in CHECKS.items()}
    monkeypatch.setattr(module, "CHECKS", checks)
    return results


class _Page(HTMLParser):
    """Collects texts, links and their targets, and sees that all elements end."""

    def __init__(self, text):
        super().__init__()
        self.open, self.texts, self.links, self.ids = [], [], [], []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        if tag != "meta":
            self.open.append(tag)
        self.links += [value[1:] for name, value in attrs if name == "href"]
        self.ids += [value for name, value in attrs if name == "id"]

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.texts.append(data)


def test_every_check_is_explained():
    assert set(MEANINGS) == set(CHECKS)
    assert all(60 < len(text) < 600 and "\n" not in text for text in MEANINGS.values())


def test_the_small_designs_are_one_of_each_family():
    families = [load(name).family.name for name in SMALL]
    assert sorted(families) == ["attention", "lut", "sparse", "systolic", "vector"]


def test_outcomes_are_kept_as_they_come(checks, tmp_path):
    checks["mutation"] = Result("open", "97.0 % of 300", "97 %", ("survived: fault 3",))
    told = []
    outcomes = assess([TINY], tmp_path / "new", Effort(5, 7), tell=lambda *what: told.append(what[:2]))
    assert [outcome.check for outcome in outcomes] == list(CHECKS)
    assert told[::2] == [(TINY.name, name) for name in CHECKS]
    assert sorted(read_outcomes(tmp_path / "new"), key=lambda o: list(CHECKS).index(o.check)) == outcomes
    mutation = next(outcome for outcome in outcomes if outcome.check == "mutation")
    assert (mutation.state, mutation.findings) == ("open", ("survived: fault 3",))
    assert mutation.command == f"rtloom mutate {TINY.name} -n 7 --seed 5"
    assert mutation.digest == TINY.params.digest


def test_a_failure_and_a_missing_tool_do_not_end_it(checks, tmp_path):
    checks["coverage"] = CheckError("c[0, 0] must be 1, not 2")
    checks["proofs"] = ToolError("the solver must be installed")
    states = {outcome.check: (outcome.state, outcome.headline) for outcome in assess([TINY], tmp_path)}
    assert states["coverage"] == ("bad", "c[0, 0] must be 1, not 2")
    assert states["proofs"] == ("skipped", "the solver must be installed")
    assert states["bench"][0] == states["comparison"][0] == "good"


def test_the_page_leads_from_every_cell_to_its_details(checks, tmp_path):
    checks["bench"] = Result("bad", "3 of 4 scenarios", "<b>one</b> failed", tuple(f"scenario {n}" for n in range(50)))
    assess([TINY, load("sparse-small")], tmp_path)
    assert write_page(tmp_path, tmp_path / "page.html") == 2 * len(CHECKS)
    text = (tmp_path / "page.html").read_text(encoding="utf-8")
    page = _Page(text)
    assert page.open == []
    assert page.links == page.ids
    assert len(page.links) == 2 * len(CHECKS)
    assert "<b>one</b> failed" in page.texts
    assert "and 10 more" in page.texts
    assert set(MEANINGS.values()) <= set(page.texts)


def test_real_checks_of_a_tiny_design(tmp_path):
    bench, coverage = assess([TINY], tmp_path, only=["bench", "coverage"])
    assert (bench.state, bench.findings) == ("good", ())
    assert bench.value.endswith("scenarios")
    assert bench.value.split()[0] == bench.value.split()[2]
    assert coverage.state == ("open" if coverage.findings else "good")
    assert coverage.headline.startswith(load(TINY).name.replace("-", "_")) or TINY.name in coverage.headline


def test_bad_input(tmp_path):
    with pytest.raises(InputError, match=r"^Check must be one of bench, coverage, .*, not 'tests'$"):
        assess([TINY], tmp_path, only=["tests"])
    with pytest.raises(InputError, match=r"^Folder of results must hold outcomes of rtloom assess, not '.*'$"):
        write_page(tmp_path, tmp_path / "page.html")
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match=r"^Folder of results must be a folder that can be written, not '.*file'$"):
        assess([TINY], tmp_path / "file")
    (tmp_path / "a.bench.json").write_text("{}")
    with pytest.raises(InputError, match=r"^Result file .* must hold an outcome of rtloom assess, not 'a.bench.json'$"):
        read_outcomes(tmp_path)


def test_the_command(rtloom_command, checks, tmp_path):
    page, results = tmp_path / "page.html", tmp_path / "results"
    ran = rtloom_command("assess", "sparse-small", "--results", results, "-o", page)
    assert (ran.status, ran.err) == (0, "")
    assert ran.out.splitlines()[0] == "good: bench of it was fine"
    assert ran.out.splitlines()[-1] == f"wrote {page} ({len(CHECKS)} results)"
    checks["bench"] = Result("bad", "0 of 4 scenarios", "it failed")
    ran = rtloom_command("assess", "sparse-small", "--only", "bench", "--results", results, "-o", page, "--json")
    assert ran.status == 1
    (outcome,) = json.loads(ran.out)
    assert (outcome["check"], outcome["state"]) == ("bench", "bad")
    page.unlink()
    assert rtloom_command("assess", "--page-only", "--results", results, "-o", page).status == 0
    assert "it failed" in page.read_text(encoding="utf-8")


def test_an_outcome_takes_the_place_of_an_earlier_one(tmp_path):
    given = {"check": "bench", "design": "d", "family": "f", "digest": "0", "value": "1", "headline": "h"}
    for state in ("bad", "good"):
        save(Outcome(**given, state=state, seconds=1, command="c"), tmp_path)
    assert [outcome.state for outcome in read_outcomes(tmp_path)] == ["good"]
