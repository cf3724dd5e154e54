"""Normalisation: every number of small widths, the ends of wide ones."""

from typing import Any

import pytest

from rtloom.errors import InputError
from rtloom.hdl.leading_one import LeadingOne

from .bench import clocked


def normalised(width: int, numbers: list[int]) -> list[tuple[int, int]]:
    """Return what the unit gives for each number, one after the other without a gap."""
    unit = LeadingOne(width)
    seen: list[tuple[int, int]] = []

    async def bench(ctx: Any) -> None:
        ctx.set(unit.en, 1)
        for cycle in range(len(numbers) + unit.latency):
            if cycle < len(numbers):
                ctx.set(unit.i, numbers[cycle])
            if cycle >= unit.latency:
                seen.append((ctx.get(unit.o), ctx.get(unit.place)))
            await ctx.tick()

    clocked(unit, bench)
    return seen


@pytest.mark.parametrize("width", [2, 3, 5, 8, 9])
def test_every_number_of_small_widths(width: int) -> None:
    numbers = list(range(1, 1 << width))
    places = [number.bit_length() - 1 for number in numbers]
    expected = [(n << (width - 1 - p), p) for n, p in zip(numbers, places, strict=True)]
    assert normalised(width, numbers) == expected


@pytest.mark.parametrize("width", [33, 48, 59])
def test_both_sides_of_every_power_of_two(width: int) -> None:
    numbers = [n for p in range(1, width) for n in ((1 << p) - 1, 1 << p, (1 << p) + 1)]
    for number, (moved, place) in zip(numbers, normalised(width, numbers), strict=True):
        assert place == number.bit_length() - 1
        assert moved == number << (width - 1 - place)


def test_zero_stays_zero_and_nothing_moves_without_enable() -> None:
    assert normalised(6, [0])[0][0] == 0
    unit = LeadingOne(6)
    seen = []

    async def bench(ctx: Any) -> None:
        for enable, number in ((1, 3), (1, 3), (0, 40), (0, 40), (0, 40)):
            ctx.set(unit.en, enable)
            ctx.set(unit.i, number)
            await ctx.tick()
            seen.append(ctx.get(unit.o))

    clocked(unit, bench)
    assert seen[1:] == [48, 48, 48, 48]


def test_a_single_bit_has_no_place() -> None:
    with pytest.raises(InputError, match=r"^LeadingOne width must be at least 2, not 1$"):
        LeadingOne(1)
