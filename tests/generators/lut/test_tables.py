"""Tables: entries against their definition, INT8 entries against round() of fractions, layouts there and back."""

import random
from collections.abc import Iterator
from fractions import Fraction
from itertools import product
from typing import Any

import pytest
from amaranth.hdl import Module, Signal

from rtloom.generators.lut.params import LutParams
from rtloom.generators.lut.ranges import table_exponent
from rtloom.generators.lut.tables import TableLayout, TablePrecompute, TableQuantizer
from rtloom.hdl.emit import emit_verilog
from rtloom.sim.lint import lint

from .circuits import code_of, settled

FORMATS = ("int4", "uint4", "int8", "uint8", "int16")


def params_of(**raw: Any) -> LutParams:
    """Return parameters of a tile that is not built."""
    return LutParams.parse({"n": 4, "group": None, **raw})


def definition(activations: list[int], symmetric: bool) -> list[int]:
    """Return every entry of the table of these activations."""
    *rest, top = activations
    if not symmetric:
        return [sum(a for i, a in enumerate(activations) if e >> i & 1) for e in range(1 << len(activations))]
    return [sum(a if e >> i & 1 else -a for i, a in enumerate(rest)) - top for e in range(1 << len(rest))]


def groups_of_activations(params: LutParams, count: int) -> Iterator[list[int]]:
    """Give all or many corners of the format, then random values."""
    fmt, rng = params.a_format, random.Random(7)
    corners = sorted({fmt.lo, fmt.lo + 1, 0, 1, fmt.hi - 1, fmt.hi} | ({-1} if fmt.lo < 0 else set()))
    extremes = [list(pair) for pair in product((fmt.lo, fmt.hi), repeat=params.lookup)]
    yield from extremes
    for choices in (corners, range(fmt.lo, fmt.hi + 1)):
        yield from ([rng.choice(choices) for _ in range(params.lookup)] for _ in range(count))


@pytest.mark.parametrize("table", ["half", "full"])
@pytest.mark.parametrize("a_format", FORMATS)
@pytest.mark.parametrize("lookup", range(2, 7))
def test_entries_are_the_signed_sums_or_the_sums_of_subsets(lookup: int, a_format: str, table: str) -> None:
    params = params_of(lookup=lookup, a_format=a_format, table=table)
    m = Module()
    m.submodules.unit = unit = TablePrecompute(params)
    groups = list(groups_of_activations(params, 12))
    rows = [(code_of(group, params.a_format.bits),) for group in groups]
    seen = settled(m, [unit.data], unit.values(unit.o), rows)
    assert seen == [definition(group, params.symmetric) for group in groups]


@pytest.mark.parametrize("a_format", FORMATS)
@pytest.mark.parametrize("lookup", range(2, 7))
def test_an_entry_is_as_wide_as_it_must_be(lookup: int, a_format: str) -> None:
    for table in ("half", "full"):
        params = params_of(lookup=lookup, a_format=a_format, table=table)
        fmt = params.a_format
        extremes = [definition(list(g), params.symmetric) for g in product((fmt.lo, fmt.hi), repeat=lookup)]
        for values, width in zip(zip(*extremes, strict=True), TablePrecompute(params).widths, strict=True):
            needed = 1 + max((~min(values)).bit_length(), max(values).bit_length())
            assert width == needed, (table, values)


@pytest.mark.parametrize("table", ["half", "full"])
@pytest.mark.parametrize("a_format", ["int8", "uint8"])
@pytest.mark.parametrize("lookup", [4, 5])
def test_shared_sums_are_no_loop_to_any_reader(lookup: int, a_format: str, table: str) -> None:
    """Sums that are entries and parts of other entries are not read back from the output."""
    unit = TablePrecompute(params_of(lookup=lookup, a_format=a_format, table=table))
    report = lint(emit_verilog(unit, "precompute").text, "precompute")
    assert report.clean, [str(finding) for finding in report.findings]


def test_tables_of_the_same_group_are_one_module() -> None:
    """Neither rows nor columns nor what happens later make a difference; activations and symmetry do."""
    keys = [TablePrecompute(params_of(m=m, n=n, table=t)).key() for m, n, t in ((1, 8, "half"), (3, 4, "remapped"))]
    assert keys[0] == keys[1]
    others = [{"table": "full"}, {"lookup": 3}, {"a_format": "uint8"}]
    assert len({TablePrecompute(params_of(**raw)).key() for raw in ({}, *others)}) == 4


LAYOUTS = [TableLayout(4, 5, parity=False), TableLayout(8, 6, parity=True), TableLayout(2, 2, parity=True)]


@pytest.mark.parametrize("layout", LAYOUTS, ids=str)
def test_a_packed_table_holds_its_entries(layout: TableLayout) -> None:
    """Packing and reading are inverse for all signed entries; those that share a parity store it once."""
    m, rng = Module(), random.Random(3)
    entries = [Signal(layout.bits, name=f"entry_{e}") for e in range(layout.entries)]
    table = Signal(layout.width)
    m.d.comb += table.eq(layout.pack(entries))
    low, high = -(1 << (layout.bits - 1)), (1 << (layout.bits - 1)) - 1
    rows = [[low] * layout.entries, [high] * layout.entries]
    for odd in (0, 1):
        drawn = [[rng.randint(low, high) for _ in entries] for _ in range(20)]
        rows += [[x & ~1 | odd if layout.parity else x for x in row] for row in drawn]
    assert settled(m, entries, layout.values(table), rows) == rows
    assert layout.width == sum(layout.bits - layout.parity for _ in entries) + layout.parity


def test_signed_entries_are_extended_when_packed() -> None:
    """Entries narrower than the layout keep their value; a wider one gives its lowest bits."""
    layout, m = TableLayout(2, 6, parity=False), Module()
    table, narrow, wide = Signal(layout.width), Signal(3), Signal(9)
    m.d.comb += table.eq(layout.pack([narrow.as_signed(), wide]))
    rows = [(n, w) for n in range(-4, 4) for w in (-32, -1, 0, 31)]
    assert settled(m, [narrow, wide], layout.values(table), rows) == [list(row) for row in rows]


def test_only_exact_symmetric_tables_store_their_parity_once() -> None:
    exact, quantised = params_of(), params_of(table_scale="table")
    for params, parity in ((exact, True), (quantised, False), (params_of(table="full"), False)):
        assert TableLayout.stored(params).parity is parity
    assert TableLayout.exact(quantised).parity
    assert TableLayout.stored(quantised) == TableLayout(8, 8, parity=False)
    assert TableLayout.stored(exact, 3).bits == TableLayout.stored(exact).bits + 3


def rounded(entry: int, exponent: int) -> int:
    """Return the INT8 entry; Python's round() of a fraction is half to even."""
    return round(Fraction(entry, 1 << exponent))


def least_exponent(activations: list[int]) -> int:
    """Return the definition of a table's exponent."""
    largest = sum(map(abs, activations))
    return next(e for e in range(32) if rounded(largest, e) <= 127)


def with_largest(params: LutParams, largest: int) -> list[int]:
    """Return activations whose magnitudes add up to `largest`, with signs as the format has them."""
    shares = [(largest + i) // params.lookup for i in range(params.lookup)]
    return [share if i % 2 or not params.a_format.signed else -share for i, share in enumerate(shares)]


def quantised(params: LutParams, groups: list[list[int]], exponents: list[int]) -> tuple[list[list[int]], list[int]]:
    """Return the entries and exponents that precompute and quantiser give; `exponents` are those that are given."""
    m = Module()
    m.submodules.precompute, m.submodules.unit = precompute, unit = TablePrecompute(params), TableQuantizer(params)
    m.d.comb += precompute.data.eq(data := Signal(len(precompute.data)))
    m.d.comb += unit.table.eq(unit.exact.pack(precompute.values(precompute.o)))
    inputs, shared = [data], params.table_scale == "group"
    if shared:
        given = Signal(len(unit.exponent))
        m.d.comb += unit.exponent.eq(given)
        inputs.append(given)
    bits = params.a_format.bits
    rows = [(code_of(group, bits), *([e] if shared else [])) for group, e in zip(groups, exponents, strict=True)]
    seen = settled(m, inputs, [*unit.layout.values(unit.o), unit.exponent], rows)
    return [row[:-1] for row in seen], [row[-1] for row in seen]


LIMITS = (0, 1, 126, 127, 128, 129, 253, 254, 255, 256, 257, 508, 509, 510, 511, 512)
QUANTISED = [
    ("int8", 2),
    ("int8", 4),
    ("int8", 6),
    ("uint8", 3),
    ("int7", 2),
    ("int16", 4),
    ("uint16", 5),
    ("int12", 3),
]


def quantised_groups(params: LutParams) -> list[list[int]]:
    """Return groups at every limit between two exponents, at the format's corners, and random ones."""
    fmt = params.a_format
    most = params.lookup * max(fmt.hi, -fmt.lo)
    sums = {limit << e for limit in LIMITS for e in range(12)} | {(255 << e) + d for e in range(12) for d in (-1, 1)}
    edges = [with_largest(params, largest) for largest in sorted(sums) if largest <= most]
    edges = [group for group in edges if all(fmt.lo <= a <= fmt.hi for a in group)]
    return edges + list(groups_of_activations(params, 15))


@pytest.mark.parametrize(("a_format", "lookup"), QUANTISED)
def test_a_table_of_its_own_scale_takes_the_least_exponent(a_format: str, lookup: int) -> None:
    """Entries are rounded half to even and stay within 127 either way; a tie at 127.5 takes one exponent more."""
    params = params_of(a_format=a_format, lookup=lookup, table_scale="table")
    groups = quantised_groups(params)
    entries, exponents = quantised(params, groups, [0] * len(groups))
    assert exponents == [least_exponent(group) for group in groups]
    assert max(exponents) == params.ranges.exponent
    expected = [[rounded(x, e) for x in definition(g, True)] for g, e in zip(groups, exponents, strict=True)]
    assert entries == expected
    assert max(abs(x) for row in entries for x in row) <= 127


@pytest.mark.parametrize(("a_format", "lookup"), QUANTISED)
def test_a_group_scale_is_given(a_format: str, lookup: int) -> None:
    """All tables of a group count the same power of two: any exponent from the table's own one upwards."""
    group = {"group": lookup, "table_scale": "group"}
    params, rng = params_of(a_format=a_format, lookup=lookup, **group), random.Random(5)
    groups = quantised_groups(params)
    given = [rng.randint(least_exponent(g), params.ranges.exponent) for g in groups]
    entries, exponents = quantised(params, groups, given)
    assert exponents == given
    expected = [[rounded(x, e) for x in definition(g, True)] for g, e in zip(groups, given, strict=True)]
    assert entries == expected


@pytest.mark.parametrize(
    ("largest", "exponent"),
    [(0, 0), (127, 0), (128, 1), (254, 1), (255, 2), (256, 2), (509, 2), (510, 3), (511, 3), (512, 3), (65536, 10)],
)
def test_the_exponent_rule(largest: int, exponent: int) -> None:
    """127 fits, 128 does not; 255 / 2 is a tie that rounds to 128, and so does 510 / 4."""
    assert table_exponent(largest) == exponent


def test_the_exponent_rule_is_the_definition() -> None:
    limits = {(limit << e) + d for limit in LIMITS for e in range(15) for d in (-1, 0, 1)}
    assert all(table_exponent(n) == least_exponent([n]) for n in (*range(3_000), *limits) if n >= 0)
