"""Sources and sinks without a simulator: what they offer, and each message of the stream rules."""

import re

import numpy as np
import pytest

from rtloom.hdl.formats import parse_format
from rtloom.hdl.ports import Field, StreamPort
from rtloom.verif.endpoints import BenchError, Observed, Sink, Source, hanging
from rtloom.verif.scenarios import Expected, Scenario, Sent, Settings, job_arrays, load_job

INT8 = parse_format("int8")
IN = StreamPort("a", "in", (Field("data", INT8, 2),))
OUT = StreamPort("c", "out", (Field("data", INT8, 2),))
SENT = Sent(np.array([[1, 2], [3, 4], [5, 6]], dtype=np.uint8), np.array([False, False, True]))
VALUES = np.array([[1, -2], [3, 4]])
EXPECTED = Expected({"data": VALUES}, {"data": np.ones((2, 2), bool)}, np.array([False, True]))


def beat(*lanes: int, ready: bool = True, last: bool = False) -> Observed:
    return Observed(True, ready, sum((lane & 255) << (8 * k) for k, lane in enumerate(lanes)), last)


def take(sink: Sink, seen: list[Observed]) -> None:
    for cycle, observed in enumerate(seen, 1):
        sink.edge(cycle, observed)


IDLE = Observed(valid=False, ready=True, data=None, last=False)


def test_a_source_keeps_its_beat_until_it_is_taken() -> None:
    source = Source(IN, SENT)
    assert [source.offer(cycle) for cycle in (1, 2)] == [(True, 0x0201, False)] * 2
    source.edge(ready=False)
    assert source.offer(3) == (True, 0x0201, False)
    for cycle in (3, 4, 5):
        assert not source.done
        offered = source.offer(cycle)
        source.edge(ready=True)
    assert offered == (True, 0x0605, True)
    assert source.done
    assert source.held == 1


def test_a_source_sends_rubbish_between_its_beats() -> None:
    source = Source(IN, SENT, go=np.array([False, True]))
    assert source.offer(1) == (False, 0xFDFE, True)
    assert source.offer(2) == (True, 0x0201, False)
    assert source.offer(3) == (True, 0x0201, False)


def test_a_source_without_beats_sends_rubbish_alone() -> None:
    source = Source(IN, Sent(np.zeros((0, 2), dtype=np.uint8), np.zeros(0, dtype=np.bool_)))
    assert source.done
    assert source.offer(1) == (False, 0xFFFF, True)


def test_a_sink_takes_the_right_beats() -> None:
    sink = Sink(OUT, EXPECTED)
    take(sink, [IDLE, beat(1, -2, ready=False), beat(1, -2), IDLE, beat(3, 4, last=True)])
    assert sink.done


def test_padding_does_not_count() -> None:
    Sink(OUT, Expected({"data": VALUES}, {"data": np.array([[1, 0], [1, 1]], bool)}, None)).edge(
        1, beat(1, 99, last=True)
    )


RULES = [
    ([beat(1, -3)], "c lane 1 of beat 0 must be -2, not -3; cycle 1"),
    ([beat(1, -2, ready=False), IDLE], "c valid must stay high until ready, not drop; beat 0; cycle 2"),
    (
        [beat(1, -2, ready=False), beat(1, -1)],
        "c data must hold until ready, not change from 0xfe01 to 0xff01; beat 0; cycle 2",
    ),
    (
        [beat(1, -2, ready=False), beat(1, -2, last=True)],
        "c last must hold until ready, not change to 1; beat 0; cycle 2",
    ),
    ([beat(1, -2, last=True)], "c last must be 0, not 1; beat 0; cycle 1"),
    (
        [beat(1, -2), beat(3, 4, last=True), beat(3, 4)],
        "c must be silent after its 2 beats, not give one more; beat 2; cycle 3",
    ),
    ([Observed(True, True, None, False)], "c data must be known while valid, not hold unknown bits; beat 0; cycle 1"),
]


@pytest.mark.parametrize(("seen", "message"), RULES)
def test_rules(seen: list[Observed], message: str) -> None:
    with pytest.raises(BenchError, match=f"^{re.escape(message)}$"):
        take(Sink(OUT, EXPECTED), seen)


def test_several_fields_are_named() -> None:
    port = StreamPort("c", "out", (Field("x", INT8, 1), Field("y", INT8, 1)))
    ones = np.ones((1, 1), bool)
    sink = Sink(port, Expected({"x": VALUES[:1, :1], "y": VALUES[:1, 1:]}, {"x": ones, "y": ones}, None))
    with pytest.raises(BenchError, match=r"^c\.y lane 0 of beat 0 must be -2, not 5; cycle 1$"):
        sink.edge(1, beat(1, 5))


def test_silence_in_reset() -> None:
    with pytest.raises(BenchError, match=r"^c valid must be low in reset, not high; beat 0; cycle 2$"):
        Sink(OUT, EXPECTED).in_reset(2, beat(1, 2))


def test_a_patient_sink_waits_for_valid() -> None:
    sink = Sink(OUT, EXPECTED, patient=True)
    assert not sink.willing(1)
    sink.edge(1, beat(1, -2, ready=False))
    assert sink.willing(2)
    sink.edge(2, beat(1, -2))
    assert not sink.willing(3)


def test_hanging_says_how_far_each_stream_got() -> None:
    source, sink = Source(IN, SENT), Sink(OUT, EXPECTED)
    assert str(hanging([source], [sink], 900)) == (
        "c must give 2 beats, not hang after 0 (a took 0 of 3, c gave 0 of 2); cycle 900"
    )
    sink.count = 2
    assert str(hanging([source], [sink], 900)) == (
        "a must take 3 beats, not 0, by the end of the outputs (a took 0 of 3, c gave 2 of 2); cycle 900"
    )


def test_settings_and_jobs_survive_their_files(tmp_path) -> None:
    scenario = Scenario("s", "j", "both", 3, 100, reset_after=7, cycles=20)
    settings = Settings(tmp_path / "m.json", (scenario,), *(tmp_path / name for name in ("v.npz", "f.json", "t.jsonl")))
    settings.save(tmp_path / "s.json")
    assert Settings.load(tmp_path / "s.json") == settings
    np.savez(settings.vectors, **job_arrays("j", {"a": SENT}, {"c": EXPECTED}))
    sent, expected = load_job(dict(np.load(settings.vectors)), "j")
    np.testing.assert_array_equal(sent["a"].data, SENT.data)
    np.testing.assert_array_equal(expected["c"].fields["data"], VALUES)
    np.testing.assert_array_equal(expected["c"].last, EXPECTED.last)
