"""The tables of docs/verify.md from figures as the benchmarks write them."""

from rtloom.docs.verification_tables import coverage_table, engines_table, mutation_table, proof_table

SAT = "Yosys, ABC"


def plain(value, unit, source="measured"):
    return {"value": value, "unit": unit, "source": source}


FIGURES = {
    "verification": {
        "coverage of a-1, points hit": plain(100.0, "%", "rtl-sim"),
        "coverage of a-1, lines": plain(50.0, "%", "rtl-sim"),
        "coverage of a-1, seeds": plain(2, "seeds", "exact"),
        "coverage of b, points hit": plain(90.0, "%", "rtl-sim"),
        "proof of a-1, streams, proven, induction": plain(1.5, "s", SAT),
        "proof of a-1, streams, covered after": plain(7, "cycles", "trace"),
        "proof of b, progress, bounded, bounded to 40 cycles": plain(60, "s", SAT),
        "a-1 on other engines, runs that agree": plain(30, "runs", "all"),
    },
    "mutation": {"300 faults in b, found": plain(299, "faults"), "300 faults in b, score": plain(100.0, "%")},
}


def rows(text):
    """Return the cells of a table's rows, its head first."""
    lines = [line for line in text.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in (lines[0], *lines[2:])]


def test_coverage():
    head, a, b = rows(coverage_table({"figures": FIGURES}))
    assert head == ["design", "points hit", "lines", "branches", "toggles", "seeds", "time"]
    assert a == ["a-1", "100 %", "50 %", "", "", "2 seeds", ""]
    assert b[:2] == ["b", "90 %"]


def test_proofs():
    text = proof_table({"figures": FIGURES})
    assert rows(text)[1:] == [
        ["a-1", "streams", "proven", "induction", "7 cycles", "1.50 s"],
        ["b", "progress", "bounded", "bounded to 40 cycles", "", "60 s"],
    ]
    assert text.endswith(f"\n\nSource: {SAT}.")


def test_engines_and_faults():
    assert rows(engines_table({"figures": FIGURES}))[1] == ["a-1", "30 runs", "", ""]
    found = [["", "found", "score"], ["300 faults in b", "299 faults", "100 %"]]
    assert rows(mutation_table({"figures": FIGURES})) == found


def test_nothing_where_nothing_was_measured():
    assert [make({"figures": {}}) for make in (coverage_table, proof_table, engines_table, mutation_table)] == [""] * 4
