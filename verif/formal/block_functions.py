"""Requantisers against wide arithmetic, tables of straight pieces against their definition in Python integers."""

from collections.abc import Iterator

from ...generators.attention.exponential import Exponential
from ...generators.attention.latency import exponential_latency
from ...generators.attention.params import AttentionParams
from ...hdl.elementary import exp2, reciprocal, reciprocal_root
from ...hdl.formats import Integer, width_of
from ...hdl.piecewise import Piecewise
from ...hdl.piecewise_shape import PiecewiseShape
from ...hdl.requantize import RequantizeLane
from ...hdl.requantize_shape import SHIFT_BITS, RequantizeShape
from .block import Block, verilog_of, window

__all__ = ["function_blocks", "pieces", "requantize_block"]

ENABLED = ".en(1'b1)"
WIDE = 68
"""Bits of the specification of a requantiser: no step of it can overflow."""


def function_blocks() -> Iterator[Block]:
    """Yield the claims about requantisers and tables."""
    nibble = Integer(4, is_signed=False)
    yield requantize_block(RequantizeShape(6, Integer(4), 4))
    yield requantize_block(RequantizeShape(6, Integer(4), 4, bias=True, activation="relu"))
    yield requantize_block(RequantizeShape(6, nibble, 4, bias=True, activation="relu"))
    yield requantize_block(RequantizeShape(5, nibble, 3, activation="squared_relu"))
    for name, shape in (
        ("exp2", exp2(8, 256.0, 4)),
        ("reciprocal", reciprocal(8, 8, 4)),
        ("reciprocal-root", reciprocal_root(8, 4)),
    ):
        yield _piecewise(name, shape)
    yield _exponential(AttentionParams.model_validate(_SMALL))


_SMALL = {"rows": 2, "e": 16, "f": 16, "e_lanes": 2, "f_lanes": 2}
_SMALL |= {"exponential_accuracy": 6, "weight_bits": 8, "logit_fraction": 5, "logit_integer": 7}
"""Parameters of the exponential that is small enough."""


def requantize_block(shape: RequantizeShape) -> Block:
    """Return the claim that a requantiser is bias, product, rounding shift, activation, zero point and clipping."""
    inputs = {"sum": shape.sum_bits} | ({"bias": shape.sum_bits} if shape.bias else {})
    inputs |= {"multiplier": shape.multiplier_bits, "shift": SHIFT_BITS, "zero_point": shape.output.bits}
    inputs |= {"activate": 1} if shape.activates else {}
    # The unit takes multiplier, shift, zero point and activation in the cycles in which it needs them.
    held = [name for name in inputs if name not in ("sum", "bias")]
    outputs = {"o": shape.output.bits}
    harness = window(inputs, outputs, shape.latency, _requantized(shape), ENABLED)
    reach = window(inputs, outputs, shape.latency, "wire good = o == 0;", ENABLED)
    harness, reach = (_constant(text, held) for text in (harness, reach))
    activation = shape.activation.replace("_", "-")
    name = f"requantize-{shape.output.name}-{activation}{'-bias' if shape.bias else ''}"
    claim = (
        f"equals wide arithmetic, halves to even, then clipped: {shape.sum_bits}-bit sums, {shape.multiplier_bits}-bit"
        f" multipliers, all shifts and zero points of {shape.output.name}"
    )
    return Block(name, claim, verilog_of(RequantizeLane(shape)), harness, reach, shape.latency + 1)


def _constant(harness: str, names: list[str]) -> str:
    """Hold some inputs of a harness in all cycles of the window."""
    assumed = "\n  ".join(f"always @* assume (age == 0 || {name} == {name}_before);" for name in names)
    registers = "\n  ".join(
        f"reg [63:0] {name}_before;\n  always @(posedge clk) {name}_before <= {name};" for name in names
    )
    return harness.replace("endmodule", f"  {registers}\n  {assumed}\nendmodule")


def _requantized(shape: RequantizeShape) -> str:
    """Return the specification: every step as its definition has it, in more bits than it needs."""
    number, out = f"wire signed [{WIDE - 1}:0]", shape.output
    zero = "$signed(zero_point_then)" if out.signed else "$signed({1'b0, zero_point_then})"
    bias = " + $signed(bias_then)" if shape.bias else ""
    bits = out.hi.bit_length()
    activated = {
        "none": "scaled",
        "relu": "activate_then && scaled < 0 ? 0 : scaled",
        "squared_relu": "activate_then ? squared : scaled",
    }[shape.activation]
    square = ""
    if shape.activation == "squared_relu":
        square = f"""{number} limited = scaled < 0 ? 0 : scaled > {(1 << bits) - 1} ? {(1 << bits) - 1} : scaled;
  {number} square = limited * limited;
  {number} square_floor = square >>> {bits};
  {number} square_rest = 2 * (square - square_floor * {1 << bits});
  {number} squared = square_floor + (square_rest > {1 << bits} || (square_rest == {1 << bits} && square_floor[0]));
  """
    return f"""{number} biased = $signed(sum_then){bias};
  {number} product = biased * $signed({{1'b0, multiplier_then}});
  {number} unit = {WIDE}'sd1 <<< shift_then;
  {number} floor = product >>> shift_then;
  {number} rest = 2 * (product - (floor <<< shift_then));
  {number} scaled = floor + (rest > unit || (rest == unit && floor[0]) ? 1 : 0);
  {square}{number} active = {activated};
  {number} moved = active + {zero};
  {number} want = moved > {out.hi} ? {out.hi} : moved < {out.lo} ? {out.lo} : moved;
  wire good = o == want[{out.bits - 1}:0];"""


def pieces(shape: PiecewiseShape) -> list[int]:
    """Return a table's results for all x, from its definition, in Python integers alone."""
    results = []
    for x in range(len(shape.base) << shape.rest_bits):
        piece, rest = divmod(x, 1 << shape.rest_bits)
        results.append((shape.base[piece] + shape.slope[piece] * rest) // (1 << shape.guard_bits))
    return results


def _table(name: str, x: str, bits: int, results: list[int], result_bits: int) -> str:
    """Return a wire that holds the result of an x, looked up in full."""
    cases = "\n".join(f"      {at}: {name} = {value & ((1 << result_bits) - 1)};" for at, value in enumerate(results))
    return (
        f"reg [{result_bits - 1}:0] {name};\n  wire [{bits - 1}:0] {name}_x = {x};\n"
        f"  always @* begin\n    case ({name}_x)\n{cases}\n      default: {name} = 0;\n    endcase\n  end"
    )


def _piecewise(name: str, shape: PiecewiseShape) -> Block:
    """Every x takes the piece that it lies in, and the distance from its beginning."""
    bits = width_of(*shape.y_range)[0]
    table = _table("want", "x_then", shape.x_bits, pieces(shape), bits)
    inputs, outputs = {"x": shape.x_bits}, {"o": bits}
    harness = window(inputs, outputs, Piecewise.latency, f"{table}\n  wire good = o == want;", ENABLED)
    reach = window(inputs, outputs, Piecewise.latency, "wire good = o == 0;", ENABLED)
    claim = f"every x selects its piece: (base + slope * rest) / 2^guard, all {len(shape.base) << shape.rest_bits} x"
    files = verilog_of(Piecewise(shape))
    return Block(f"piecewise-{name}", claim, files, harness, reach, Piecewise.latency + 1)


def _exponential(params: AttentionParams) -> Block:
    """``2**-x`` is the fraction's table entry divided by a power of two, rounded half up; 0 where it does not count."""
    shape = params.exponential_shape
    if not isinstance(shape, PiecewiseShape):
        raise TypeError("the small exponential is a table")
    fraction, latency = params.logit_fraction, exponential_latency(params) + 1
    bits = params.maximum_format.bits + fraction
    wide = params.weight_bits + 36
    table = _table("entry", f"x_then[{fraction - 1}:0]", fraction, pieces(shape), params.weight_bits)
    wanted = f"""{table}
  wire [{bits - fraction - 1}:0] whole = x_then >> {fraction};
  wire signed [{wide - 1}:0] unit = {wide}'sd1 <<< whole;
  wire signed [{wide - 1}:0] twice = 2 * entry;
  // Rounded half up: entry / unit + 1/2 lies in [o, o + 1).
  wire signed [{wide - 1}:0] above = twice + unit - 2 * (o <<< whole);
  wire good = !counts_then || whole > 30 ? o == 0 : above >= 0 && above < 2 * unit;"""
    inputs, outputs = {"x": bits, "counts": 1}, {"o": params.weight_bits}
    harness = window(inputs, outputs, latency, wanted, ENABLED)
    reach = window(inputs, outputs, latency, "wire good = o == 0;", ENABLED)
    claim = f"2^-x, all {bits}-bit x: entry of the fraction's piece over 2^whole, rounded; 0 where it does not count"
    return Block("exponential", claim, verilog_of(Exponential(params)), harness, reach, latency + 1)
