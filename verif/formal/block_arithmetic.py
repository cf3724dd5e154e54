"""Arithmetic blocks against ``*``, ``+``, comparisons and shifts of plain Verilog, wide enough for every result."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from amaranth.hdl import Module, Value, signed, unsigned
from amaranth.lib.wiring import Component, In, Out

from ...hdl.arithmetic import adder_tree, round_half_even_shift, saturate, wrap
from ...hdl.formats import Format, Integer, width_of
from ...hdl.leading_one import LeadingOne
from ...hdl.packed_multiply import PackedMultiply, PackedSplit
from ...hdl.packed_shape import PackedShape
from ...hdl.synth_multiplier import NARROW_MULTIPLIERS
from .block import DUT, Block, verilog_of, window

__all__ = ["Function", "arithmetic_blocks", "function_block", "multiplier_block"]

_RESULT = "o"


class Function(Component):
    """A function of values as a component without registers.

    Parameters
    ----------
    inputs
        Name -> shape.
    bits
        Bits of the result.
    function
        From the inputs, in order.
    """

    def __init__(self, inputs: Mapping[str, Any], bits: int, function: Callable[..., Value]) -> None:
        self.names, self.function = tuple(inputs), function
        super().__init__({name: In(shape) for name, shape in inputs.items()} | {_RESULT: Out(bits)})

    def elaborate(self, _platform: object) -> Module:
        """Apply the function."""
        m = Module()
        m.d.comb += getattr(self, _RESULT).eq(self.function(*(getattr(self, name) for name in self.names)))
        return m


def arithmetic_blocks() -> Iterator[Block]:
    """Yield the claims about all arithmetic blocks."""
    yield _adder_tree()
    for form in (Integer(5), Integer(5, is_signed=False)):
        for source in (signed(9), unsigned(9)):
            kind = "int9" if source.signed else "uint9"
            yield _narrowed("saturate", saturate, kind, source, form, _clip(form, "x"))
            yield _narrowed("wrap", wrap, kind, source, form, "x")
    yield from _rounding()
    for width in (2, 7, 8, 18, 36):
        yield _leading_one(width)
    for low, shared in ((Integer(4), Integer(4)), (Integer(4, is_signed=False), Integer(4)), (Integer(4), Integer(3))):
        yield _packed_multiply(PackedShape(Integer(4), low, shared))
    for tight in (False, True):
        yield _packed_split(PackedShape(Integer(8), Integer(8), Integer(8), terms=8, tight=tight))
    for is_signed, a, b in ((True, 8, 4), (True, 6, 5), (False, 6, 6)):
        yield multiplier_block("rows", is_signed, a, b)
    for is_signed, a, b in ((True, 6, 6), (False, 6, 5), (True, 8, 4)):
        yield multiplier_block("booth", is_signed, a, b)


def function_block(
    name: str, claim: str, inputs: Mapping[str, Any], bits: int, function: Callable[..., Value], wanted: str
) -> Block:
    """Return the claim that a function gives what `wanted` says of its inputs ``<name>_then``."""
    widths = {each: shape.width for each, shape in inputs.items()}
    component = Function(inputs, bits, function)
    return _windowed(name, claim, component, widths, {"o": bits}, 0, wanted)


def _windowed(
    name: str,
    claim: str,
    component: Component,
    inputs: Mapping[str, int],
    outputs: Mapping[str, int],
    cycles: int,
    wanted: str,
    pins: str = "",
) -> Block:
    """Return a block whose results follow some cycles later; its cover is a result that is not 0."""
    first = next(iter(outputs))
    reach = window(inputs, outputs, cycles, f"wire good = {first} == 0;", pins)
    return Block(
        name, claim, verilog_of(component), window(inputs, outputs, cycles, wanted, pins), reach, max(cycles, 1) + 1
    )


def _adder_tree() -> Block:
    shapes = {"a": signed(5), "b": unsigned(4), "c": signed(3), "d": signed(6), "e": unsigned(2)}
    terms = " + ".join(_number(f"{name}_then", shape.signed) for name, shape in shapes.items())
    wanted = f"wire signed [15:0] sum = {terms};\n  wire good = $signed(o) == sum;"
    claim = "the sum of five values of different widths and signs is exact (2 to 6 bits)"
    return function_block("adder-tree", claim, shapes, 10, lambda *values: adder_tree(values), wanted)


def _narrowed(
    name: str, function: Callable[..., Value], kind: str, source: Any, form: Integer, expression: str
) -> Block:
    """Return the claim about a way to narrow a value."""
    wanted = f"""wire signed [15:0] x = {_number("v_then", source.signed)};
  wire signed [15:0] y = {expression};
  wire good = o == y[{form.bits - 1}:0];"""
    says = "the nearest value" if name == "saturate" else "the value modulo 2^5"
    claim = f"{says} of {form.name}, of all {kind}"
    return function_block(
        f"{name}-{kind}-{form.name}", claim, {"v": source}, form.bits, lambda v: function(v, form), wanted
    )


def _rounding() -> Iterator[Block]:
    """Yield the claims about the shift that rounds halves to even."""
    for name, shift, inputs in (
        ("constant", "3", {"v": signed(8)}),
        ("variable", "s_then", {"v": signed(8), "s": unsigned(3)}),
        ("unsigned", "s_then", {"v": unsigned(7), "s": unsigned(3)}),
    ):
        wanted = f"""wire signed [19:0] x = {_number("v_then", inputs["v"].signed)};
  wire [3:0] places = {shift};
  wire signed [19:0] unit = 20'sd1 <<< places;
  wire signed [19:0] quotient = $signed(o);
  // Nearest: twice the distance is at most a unit; where it is one, the quotient is even.
  wire signed [19:0] rest = 2 * (x - quotient * unit);
  wire good = rest <= unit && rest >= -unit && (!(rest == unit || rest == -unit) || !quotient[0]);"""
        bits = 10

        def function(v: Value, s: Value | int = 3) -> Value:
            return round_half_even_shift(v, s)

        claim = "is the nearest integer to v / 2^shift, halves to the even one (8-bit or uint7 values, shifts 0 to 7)"
        yield function_block(f"round-{name}", claim, inputs, bits, function, wanted)


def _leading_one(width: int) -> Block:
    places = (width - 1).bit_length()
    wanted = f"""wire [{width}:0] x = i_then;
  wire [{places}:0] at = place;
  wire [{width - 1}:0] moved = x << ({width - 1} - at);
  wire good = o == moved && (i_then == 0 || (at < {width} && o[{width - 1}] && (x >> at) == 1));"""
    outputs = {"o": width, "place": places}
    claim = f"the leading one's place, and the value moved so that it is the highest bit (all {width}-bit values)"
    component = LeadingOne(width)
    return _windowed(f"leading-one-{width}", claim, component, {"i": width}, outputs, 2, wanted, ".en(1'b1)")


def _packed_multiply(shape: PackedShape) -> Block:
    """Return the claim that two products from one multiplier are the two products."""
    inputs = {name: getattr(shape, name).bits for name in ("high", "low", "shared")}
    bits = {
        "high_product": width_of(*shape.high_range)[0],
        "low_product": width_of(*shape.low_range)[0],
    }
    products = "\n  ".join(
        f"wire signed [23:0] {name} = {_code(shape, name)} * {_code(shape, 'shared')};" for name in ("high", "low")
    )
    wanted = products.replace("wire signed [23:0] high", "wire signed [23:0] upper").replace(
        "wire signed [23:0] low", "wire signed [23:0] lower"
    )
    wanted += f"""
  wire high_good = high_product == upper[{bits["high_product"] - 1}:0];
  wire low_good = low_product == lower[{bits["low_product"] - 1}:0];
  wire good = high_good && low_good;"""
    claim = f"both products of {shape} from one multiplication are exact, all values"
    name = f"packed-multiply-{shape.high.name}-{shape.low.name}-{shape.shared.name}"
    return _windowed(name, claim, PackedMultiply(shape, 2), inputs, bits, 2, wanted, ".en(1'b1)")


def _packed_split(shape: PackedShape) -> Block:
    """Return the claim that a sum of packed products comes apart into the two sums that went in."""
    spans = {name: getattr(shape, f"{name}_range") for name in ("high", "low")}
    widths = {name: width_of(*span)[0] + 1 for name, span in spans.items()}
    outputs = {f"{name}_sum": width_of(*span)[0] for name, span in spans.items()}
    legal = " && ".join(
        f"$signed({name}_then) >= {span[0]} && $signed({name}_then) <= {span[1]}" for name, span in spans.items()
    )
    same = " && ".join(f"{name}_sum == {name}_then[{outputs[f'{name}_sum'] - 1}:0]" for name in spans)
    harness = window(widths, {}, 0, f"wire good = !({legal}) || ({same});", "")
    packed = f"($signed(high_then) <<< {shape.spacing}) + $signed(low_then)"
    pins = ", ".join(f".{name}({name}_sum)" for name in spans)
    wires = "\n  ".join(f"wire [{bits - 1}:0] {name};" for name, bits in outputs.items())
    bench = f"""wire signed [{shape.product_bits + 3}:0] packed_sum = {packed};
  {wires}
  {DUT} dut (.product(packed_sum[{shape.product_bits - 1}:0]), {pins});"""
    harness = harness.replace(f"{DUT} dut (.high(high), .low(low));", bench)
    reach = harness.replace(same, "low_sum == 0")
    claim = f"the sums of {shape} that were packed are those that come out, all that can occur"
    name = f"packed-split-{shape.terms}{'-tight' if shape.tight else ''}"
    return Block(name, claim, verilog_of(PackedSplit(shape)), harness, reach, 2)


def multiplier_block(kind: str, is_signed: bool, a: int, b: int) -> Block:
    """Return the claim that a multiplier of gates equals ``*``: ``rows`` of ANDs as `hdl` has them, or ``booth``."""
    number = "$signed({})" if is_signed else "{}"
    product = f"{number.format('a')} * {number.format('b')}"
    files = {
        "block.v": f"module {DUT} (input [{a - 1}:0] a, input [{b - 1}:0] b, output [{a + b - 1}:0] y);\n"
        f"  assign y = {product};\nendmodule\n"
    }
    wanted = f"wire [{a + b - 1}:0] want = {product.replace('a', 'a_then').replace('b', 'b_then')};"
    if is_signed:
        wanted = f"wire [{a + b - 1}:0] want = $signed(a_then) * $signed(b_then);"
    wanted += "\n  wire good = y == want;"
    inputs, outputs = {"a": a, "b": b}, {"y": a + b}
    passes = [f"booth {DUT}", f"techmap {DUT}"]
    if kind == "rows":
        files["rows.map"] = NARROW_MULTIPLIERS
        passes = [f"techmap -autoproc -map rows.map {DUT}"]
    claim = f"{kind} multiplier of gates equals *, all {'int' if is_signed else 'uint'}{a} x {b}"
    name = f"multiplier-{kind}-{'int' if is_signed else 'uint'}{a}x{b}"
    reach = window(inputs, outputs, 0, "wire good = y == 0;")
    return Block(name, claim, files, window(inputs, outputs, 0, wanted), reach, 2, passes)


def _clip(form: Format, name: str) -> str:
    """Return an expression that clips a signed number to a format."""
    return f"{name} > {form.hi} ? {form.hi} : {name} < {form.lo} ? {form.lo} : {name}"


def _number(name: str, is_signed: bool) -> str:
    """Return an expression that reads a code as a signed number."""
    return f"$signed({name})" if is_signed else f"$signed({{1'b0, {name}}})"


def _code(shape: PackedShape, name: str) -> str:
    """Return the value of a packed multiplier's operand."""
    return _number(f"{name}_then", getattr(shape, name).signed)
