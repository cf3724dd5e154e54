"""Two products in one multiplier: exact for all operands, proven at every sum, and as many blocks as the shape says."""

import random
import re

import numpy as np
import pytest
from amaranth.hdl import Module
from amaranth.lib.wiring import In, Out

from rtloom.errors import InputError
from rtloom.hdl.emit import Shared, emit_verilog
from rtloom.hdl.formats import BIPOLAR, TERNARY, Integer, width_of
from rtloom.hdl.packed_multiply import PackedMultiply, PackedSplit, fold_operands, pack_operands, unfold_operand
from rtloom.hdl.packed_shape import MULTIPLIERS, PackedShape
from rtloom.hdl.synth import synthesize
from rtloom.hdl.yosys import run_yosys
from rtloom.sim.lint import lint

from .bench import clocked

INT4, INT8, UINT8 = Integer(4), Integer(8), Integer(8, is_signed=False)
ONE = PackedShape(INT8, INT8, INT8)
MIXED = [
    PackedShape(Integer(2), Integer(3), Integer(3)),
    PackedShape(INT4, Integer(3, is_signed=False), INT4),
    PackedShape(Integer(2, is_signed=False), INT4, Integer(3, is_signed=False)),
    PackedShape(Integer(3, is_signed=False), Integer(4, is_signed=False), Integer(2, is_signed=False)),
    PackedShape(TERNARY, TERNARY, Integer(5)),
    PackedShape(BIPOLAR, BIPOLAR, INT4),
    PackedShape(Integer(3), Integer(3), Integer(3), tight=True),
]


@pytest.mark.parametrize("tight", [False, True])
def test_all_products_of_int8_come_apart_exactly(tight) -> None:
    """Every one of the 2**24 triples, and the bounds of operand and product are met."""
    shape = PackedShape(INT8, INT8, INT8, tight=tight)
    values = np.arange(-128, 128, dtype=np.int32)
    packed = (values[:, None] << shape.spacing) + values
    assert (packed.min(), packed.max()) == shape.operand_range
    mask, most = (1 << shape.spacing) - 1, shape.low_range[1]
    seen = []
    for b in values:
        product = packed * b
        field = product & mask
        borrow = field > most
        assert np.array_equal(field - (borrow << shape.spacing), np.broadcast_to(values * b, (256, 256)))
        assert np.array_equal((product >> shape.spacing) + borrow, np.broadcast_to(values[:, None] * b, (256, 256)))
        seen += [int(product.min()), int(product.max())]
    # The largest products of both operands go together, the smallest too.
    assert (min(seen), max(seen)) == shape.product_range


def prove(folder, component: Shared, harness: str, never: str = "", possible: str = "") -> str:
    """Prove that outputs of module `h` (names, blanks between) are never 1, and that others can be; return the log."""
    (folder / "t.v").write_text(emit_verilog(component, "t").text)
    (folder / "h.v").write_text(harness)
    passes = ["read_verilog t.v h.v", "hierarchy -check -top h", "proc", "flatten", "opt_clean"]
    passes += [f"sat -verify -prove {name} 0 h" for name in never.split()]
    passes += [f"sat -falsify -prove {name} 0 -show-inputs h" for name in possible.split()]
    return run_yosys(passes, directory=folder)


def split_harness(of: PackedShape, sums: PackedShape) -> str:
    """Return a module that packs any two sums of the shape `sums` and lets the unit of shape `of` take them apart.

    Its outputs say that a sum came out wrong, that one did so other than at the largest low sum, and that both of the
    largest (smallest) sums came out right.
    """
    lines = []
    for name in ("high", "low"):
        bits, is_signed = width_of(*getattr(of, f"{name}_range"))
        lo, hi = (f"$signed(40'd{bound % (1 << 40)})" for bound in getattr(sums, f"{name}_range"))
        lines += [
            f"wire {'signed ' * is_signed}[{bits - 1}:0] {name}_o;",
            f"wire signed [39:0] {name}_wide = {name}_o;",
            f"wire {name}_fits = {name} >= {lo} && {name} <= {hi}, {name}_same = {name}_wide == {name};",
            f"wire {name}_least = {name} == {lo}, {name}_most = {name} == {hi};",
        ]
    return f"""
      module h(input signed [39:0] high, low, output wrong, elsewhere, most, least);
        {" ".join(lines)}
        wire [39:0] both = (high <<< {of.spacing}) + low;
        t split(.product(both[{of.product_bits - 1}:0]), .high(high_o), .low(low_o));
        wire same = high_same & low_same;
        assign wrong = high_fits & low_fits & ~same;
        assign elsewhere = wrong & ~low_most;
        assign most = same & high_most & low_most;
        assign least = same & high_least & low_least;
      endmodule
    """


SPLITS = [*(PackedShape(INT8, INT8, INT8, n, tight) for n in (1, 2, 7, 8) for tight in (False, True)), *MIXED]
SPLITS += [PackedShape(INT8, Integer(3), UINT8, 3, True), PackedShape(UINT8, UINT8, UINT8, 5, True)]


@pytest.mark.parametrize("shape", SPLITS, ids=str)
def test_the_split_is_proven_for_all_sums(shape, tmp_path) -> None:
    # The proof is about something: the largest and the smallest sums of both are among those that come out right.
    prove(tmp_path, PackedSplit(shape), split_harness(shape, shape), "wrong", "most least")


def test_eight_products_overflow_a_bit_less_at_one_corner() -> None:
    """Eight times (-128) * (-128) is 2**17, one beyond a signed number of 18 bits: it needs 19, or a tight reading."""
    eight = PackedShape(INT8, INT8, INT8, 8)
    assert eight.low_range[1] == 8 * (-128) * (-128) == 1 << 17
    assert (eight.spacing, PackedShape(INT8, INT8, INT8, 7).spacing) == (19, 18)
    assert PackedShape(INT8, INT8, INT8, 8, tight=True).spacing == 18


def test_a_signed_field_of_18_bits_fails_for_eight_products_and_only_there(tmp_path) -> None:
    seven, eight = PackedShape(INT8, INT8, INT8, 7), PackedShape(INT8, INT8, INT8, 8)
    # Eight products at the spacing of seven; the outputs are wide enough for eight, so that only the field is short.
    unit = PackedSplit(PackedShape(Integer(9), INT8, INT8, 7))
    assert unit.shape.spacing == seven.spacing
    log = prove(tmp_path, unit, split_harness(unit.shape, eight), "elsewhere", "wrong")
    assert re.search(r"\\low\s+--\s+--\s+0*10{17}\s", log)


class Packer(Shared):
    """The packed operand of two codes, directly and by way of the folded one."""

    def __init__(self, shape) -> None:
        self.shape = shape
        widths = {"folded": shape.folded_bits, "direct": shape.operand_bits, "unfolded": shape.operand_bits}
        inputs = {"high": In(shape.high.bits), "low": In(shape.low.bits)}
        super().__init__(inputs | {name: Out(width) for name, width in widths.items()})

    def key(self):
        return (self.shape,)

    def body(self):
        m = Module()
        m.d.comb += self.folded.eq(fold_operands(self.shape, self.high, self.low))
        m.d.comb += self.direct.eq(pack_operands(self.shape, self.high, self.low))
        m.d.comb += self.unfolded.eq(unfold_operand(self.shape, self.folded))
        return m


def operand(name: str, fmt) -> str:
    """Return Verilog for the value of a code as a signed number of 40 bits."""
    code = f"{{{name}, 1'b1}}" if fmt is BIPOLAR else name
    sign = f"{name}[{fmt.bits - 1}]" if fmt.signed else "1'b0"
    return f"$signed({{{{40{{{sign}}}}}, {code}}})"


@pytest.mark.parametrize("shape", [ONE, PackedShape(INT8, INT8, INT8, 8, tight=True), *MIXED], ids=str)
def test_the_packed_operand_is_proven_for_all_codes(shape, tmp_path) -> None:
    bits = shape.operand_bits
    harness = f"""
      module h(input [{shape.high.bits - 1}:0] high, input [{shape.low.bits - 1}:0] low, output wrong);
        wire [{shape.folded_bits - 1}:0] folded;
        wire [{bits - 1}:0] direct, unfolded;
        t packer(.high(high), .low(low), .folded(folded), .direct(direct), .unfolded(unfolded));
        wire [39:0] sum = ({operand("high", shape.high)} <<< {shape.spacing}) + {operand("low", shape.low)};
        assign wrong = direct != sum[{bits - 1}:0] | unfolded != direct | (sum == 0 & folded != 0);
      endmodule
    """
    prove(tmp_path, Packer(shape), harness, "wrong")


@pytest.mark.parametrize("shape", MIXED, ids=str)
def test_the_multiplier_is_proven_for_all_small_operands(shape, tmp_path) -> None:
    ports = [(name, getattr(shape, name)) for name in ("high", "low", "shared")]
    outputs = {name: width_of(*getattr(shape, f"{name}_range"))[0] for name in ("high", "low")}
    # A code that a format never sends, as ternary has one, is no operand.
    legal = " & ".join(f"{name} != 2" for name, fmt in ports if fmt is TERNARY) or "1"
    harness = f"""
      module h({", ".join(f"input [{fmt.bits - 1}:0] {name}" for name, fmt in ports)}, output wrong);
        wire [{outputs["high"] - 1}:0] high_product;
        wire [{outputs["low"] - 1}:0] low_product;
        t unit(.high(high), .low(low), .shared(shared), .high_product(high_product), .low_product(low_product));
        wire [39:0] high_sum = {operand("high", shape.high)} * {operand("shared", shape.shared)};
        wire [39:0] low_sum = {operand("low", shape.low)} * {operand("shared", shape.shared)};
        wire high_differs = high_product != high_sum[{outputs["high"] - 1}:0];
        wire low_differs = low_product != low_sum[{outputs["low"] - 1}:0];
        assign wrong = {legal} & (high_differs | low_differs);
      endmodule
    """
    prove(tmp_path, PackedMultiply(shape, 0), harness, "wrong")


@pytest.mark.parametrize("pipeline", [1, 2, 3])
def test_products_follow_after_the_pipeline_and_stop_with_enable(pipeline) -> None:
    rng, unit = random.Random(pipeline), PackedMultiply(ONE, pipeline)
    given, seen = [], []

    async def testbench(ctx) -> None:
        for _ in range(200):
            a1, a0, b = (rng.choice([-128, -1, 0, 127, rng.randint(-128, 127)]) for _ in range(3))
            ctx.set(unit.high, a1 & 255)
            ctx.set(unit.low, a0 & 255)
            ctx.set(unit.shared, b & 255)
            enabled = rng.random() < 0.7
            ctx.set(unit.en, enabled)
            if enabled:
                given.append((a1 * b & 0xFFFF, a0 * b & 0xFFFF))
                seen.append((ctx.get(unit.high_product), ctx.get(unit.low_product)))
            await ctx.tick()

    clocked(unit, testbench)
    assert seen[pipeline:] == given[:-pipeline]


NARROW = PackedShape(INT4, INT4, INT8)
NARROWEST = PackedShape(INT4, INT4, INT4)
WIDE = PackedShape(INT8, INT8, INT8, 8, tight=True)
BLOCKS = [*((ONE, target) for target in MULTIPLIERS), (NARROW, "ecp5"), (NARROW, "gowin"), (NARROWEST, "ice40")]


@pytest.mark.parametrize(("shape", "target"), BLOCKS, ids=str)
def test_a_multiplier_takes_as_many_blocks_as_the_shape_says(shape, target) -> None:
    report = synthesize(emit_verilog(PackedMultiply(shape), "t").text, "t", target)
    assert report["DSP"].value == shape.blocks(target)
    assert report.cells[MULTIPLIERS[target].cell] >= 1
    if target == "xilinx":
        assert report["FF"].value == 0


def test_what_fits_each_target() -> None:
    got = {name: [s.blocks(name) for s in (ONE, NARROW, NARROWEST, WIDE)] for name in MULTIPLIERS}
    assert got == {
        "xilinx": [1, 1, 1, 2],
        "xilinx-up": [1, 1, 1, 1],
        "ecp5": [2, 1, 1, 2],
        "gowin": [2, 1, 1, 2],
        "ice40": [2, 2, 1, 2],
    }
    assert (ONE.operand_bits, ONE.folded_bits, ONE.product_bits) == (25, 17, 32)
    assert [ONE.fits(name) for name in MULTIPLIERS] == [True, True, False, False, False]
    assert PackedShape(UINT8, UINT8, UINT8).operands(signed_only=True) == (25, 9)
    assert PackedShape(UINT8, UINT8, UINT8).operands(signed_only=False) == (24, 8)


UNITS = {"multiply": PackedMultiply(ONE, 3), "wires": PackedMultiply(ONE, 0), "split": PackedSplit(WIDE)}


@pytest.mark.parametrize("name", UNITS)
def test_a_unit_is_clean_verilog(name) -> None:
    report = lint(emit_verilog(UNITS[name], "t").text, "t")
    assert report.clean, [str(finding) for finding in report.findings]


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: PackedShape(INT8, INT8, INT8, 0), "Packed terms must be positive, not 0"),
        (lambda: ONE.blocks("asic"), "Packed target must be one of xilinx, xilinx-up, ecp5, gowin, ice40, not 'asic'"),
        (lambda: PackedMultiply(WIDE), "PackedMultiply terms must be 1, not 8"),
        (lambda: PackedMultiply(ONE, 4), "PackedMultiply pipeline must be between 0 and 3, not 4"),
    ],
)
def test_impossible_shapes_are_refused(make, message) -> None:
    with pytest.raises(InputError, match=f"^{message}$"):
        make()
