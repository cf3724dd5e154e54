"""What a shell is made for: rules with their messages, the speed of the line, and what tells designs apart."""

from dataclasses import replace

import pytest

from rtloom.boards.link.protocol import MAX_PAYLOAD
from rtloom.boards.shell.params import ShellParams, clocks_per_bit, shell_params
from rtloom.errors import InputError
from rtloom.generators.spec import load

SPEC = load("systolic-4x4-int8")


@pytest.mark.parametrize(
    ("clock", "baud", "clocks"),
    [(12e6, 115_200, 104), (48e6, 3e6, 16), (12e6, 3e6, 4), (25e6, 1e6, 25), (3e6, 70e3, 43)],
)
def test_clocks_per_bit(clock, baud, clocks):
    assert clocks_per_bit(clock, baud) == clocks


@pytest.mark.parametrize(
    ("clock", "baud", "message"),
    [
        (12e6, 4e6, "Baud rate must be at most 3000000 with a clock of 1.2e+07 Hz, not '4e+06'"),
        (
            12e6,
            2.7e6,
            "Baud rate must be at most 2% from a whole part of the clock of 1.2e+07 Hz, not '2.7e+06",
        ),
        (12e6, 1e6 * 12 / 5.11, "Baud rate must be at most 2% from a whole part of the clock of 1.2e+07 Hz, not"),
        (0, 9600, "Clock and baud rate must be positive, not 0 Hz and 9600"),
        (12e6, -1, "Clock and baud rate must be positive, not 1.2e+07 Hz and -1"),
    ],
)
def test_speeds_that_do_not_go(clock, baud, message):
    with pytest.raises(InputError) as caught:
        clocks_per_bit(clock, baud)
    assert str(caught.value).startswith(message)


def test_streams_keep_their_order():
    params = shell_params(load("attention-small"), 10)
    assert [port.name for port in params.inputs] == ["tiles", "rows", "q", "k", "v"]
    assert [port.name for port in params.outputs] == ["o", "summary"]


def test_designs_have_different_identities():
    known = {shell_params(spec, 4).identity for spec in (SPEC, SPEC.replace(rows=2), load("sparse-small"))}
    assert len(known) == 3
    assert shell_params(SPEC, 4).identity == shell_params(SPEC, 104).identity


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"clocks_per_bit": 3}, "Shell clocks_per_bit must be an integer from 4 to 65535, not 3"),
        ({"clocks_per_bit": 4.5}, "Shell clocks_per_bit must be an integer from 4 to 65535, not 4.5"),
        ({"identity": b"abc"}, "Shell identity must be 8 bytes, not b'abc'"),
        ({"buffer_bytes": MAX_PAYLOAD}, "Shell buffer_bytes must be a power of two above 256, not 256"),
        ({"buffer_bytes": 768}, "Shell buffer_bytes must be a power of two above 256, not 768"),
        ({"ports": SPEC.family.ports(SPEC.params)[:2]}, "Shell outputs must be 1 to 255 streams, not 0"),
        ({"ports": SPEC.family.ports(SPEC.params)[2:]}, "Shell inputs must be 1 to 255 streams, not 0"),
    ],
)
def test_parameters_that_break_a_rule(change, message):
    with pytest.raises(InputError) as caught:
        replace(shell_params(SPEC, 4), **change)
    assert str(caught.value) == message


def test_parameters_are_a_value():
    assert ShellParams(SPEC.family.ports(SPEC.params), shell_params(SPEC, 9).identity, 9) == shell_params(SPEC, 9)
