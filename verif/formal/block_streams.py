"""Stream blocks against naive models: queues of registers, flags and counters."""

from collections.abc import Iterator

from amaranth.lib.wiring import Component

from ...hdl.stream_routes import Fork, Join, WidthConverter
from ...hdl.streams import Queue, RegisterSlice, SkidBuffer
from .block import DUT, Block, verilog_of
from .harness import PROOF_TOP

__all__ = ["buffer_block", "buffer_harness", "stream_blocks"]

WIDTH = 2
"""Bits of a beat: no block looks into beats."""

_RESET = """reg first = 1'b1;
  always @(posedge clk) first <= 1'b0;
  always @* assume (!first || rst);"""


def stream_blocks() -> Iterator[Block]:
    """Yield the claims about all blocks that move beats."""
    yield buffer_block("register-slice", RegisterSlice(WIDTH), 1)
    yield buffer_block("skid-buffer", SkidBuffer(WIDTH), 2)
    for depth, block in ((2, False), (3, False), (4, False), (3, True), (4, True)):
        kind = "block" if block else "registers"
        yield buffer_block(f"queue-{depth}-{kind}", Queue(WIDTH, depth, block=block), depth)
    yield _fork()
    yield _join()
    yield _widen()
    yield _narrow()


def buffer_block(name: str, component: Component, holds: int) -> Block:
    """Return the claim that a buffer is a first-in-first-out queue of so many beats."""
    claim = (
        f"gives the beats that it takes, in order, each once, holds up to {holds}, offers within 2 cycles what it holds"
        f" ({WIDTH}-bit beats, resets at any time)"
    )
    has_level = hasattr(component, "level")
    harness, reach = (buffer_harness(holds, has_level, reach=reach) for reach in (False, True))
    return Block(name, claim, verilog_of(component), harness, reach)


def buffer_harness(holds: int, has_level: bool, *, reach: bool) -> str:
    """Return the naive queue beside a buffer; with `reach` only what must be reached: it is full, then gives a beat."""
    bits = (holds + 1).bit_length()
    level = ", .level(level)" if has_level else ""
    claims = f"""always @* never_more: assert (first || !(push && left == {holds}));
  always @* never_invented: assert (first || !o__valid || count != 0);
  always @* in_order: assert (first || !o__valid || o__payload == held[{WIDTH - 1}:0]);
  always @* never_lost: assert (late < 2);
  always @* takes_when_empty: assert (first || was_reset || count != 0 || i__ready);"""
    if has_level:
        claims += "\n  always @* level_is_right: assert (first || level == count);"
    if reach:
        claims = f"always @* never_full: assert (!(count == {holds} && pop));"
    return f"""module {PROOF_TOP} (input clk, input rst, input [{WIDTH - 1}:0] i__payload, input i__valid,
    input o__ready);
  {_RESET}
  reg was_reset = 1'b0;
  always @(posedge clk) was_reset <= rst;
  wire i__ready, o__valid;
  wire [{WIDTH - 1}:0] o__payload;
  wire [{(holds).bit_length() - 1}:0] level;
  {DUT} dut (.clk(clk), .rst(rst), {_pins("i")}, {_pins("o")}{level});
  {_rules("i", 0)}
  {_rules("o", 0 if reach else 1)}
  reg [{bits - 1}:0] count = 0;
  reg [{holds * WIDTH - 1}:0] held;
  reg [1:0] late = 0;
  wire push = i__valid && i__ready && !rst;
  wire pop = o__valid && o__ready && !rst;
  wire [{bits - 1}:0] left = count - pop;
  wire [{holds * WIDTH - 1}:0] down = pop ? held >> {WIDTH} : held;
  wire [{holds * WIDTH - 1}:0] mask = {{{WIDTH}{{1'b1}}}};
  wire [{holds * WIDTH - 1}:0] beat = i__payload;
  always @(posedge clk) begin
    count <= rst ? 0 : left + push;
    held <= push ? (down & ~(mask << left * {WIDTH})) | (beat << left * {WIDTH}) : down;
    late <= rst || o__valid || count == 0 ? 0 : late + (late != 3);
  end
  {claims}
endmodule
"""


def _pins(stream: str) -> str:
    return ", ".join(f".{stream}__{pin}({stream}__{pin})" for pin in ("payload", "valid", "ready"))


def _rules(stream: str, gives: int, bits: int = WIDTH) -> str:
    pins = f".valid({stream}__valid), .ready({stream}__ready), .beat({stream}__payload)"
    return f"rtloom_stream_rules #(.BITS({bits}), .GIVES({gives})) {stream}_rules (.clk(clk), .rst(rst), {pins});"


def _fork() -> Block:
    """Every output takes each beat once, and the input moves on when all have it."""

    def harness(claims: str) -> str:
        return f"""module {PROOF_TOP} (input clk, input rst, input [{WIDTH - 1}:0] i__payload, input i__valid,
    input o_0__ready, input o_1__ready);
  {_RESET}
  wire i__ready, o_0__valid, o_1__valid;
  wire [{WIDTH - 1}:0] o_0__payload, o_1__payload;
  {DUT} dut (.clk(clk), .rst(rst), {_pins("i")}, {_pins("o_0")}, {_pins("o_1")});
  {_rules("i", 0)}
  {_rules("o_0", 1)}
  {_rules("o_1", 1)}
  reg [1:0] has = 0;
  wire [1:0] takes = {{o_1__valid && o_1__ready, o_0__valid && o_0__ready}};
  wire moves = i__valid && i__ready;
  always @(posedge clk) has <= rst || moves ? 0 : has | takes;
  {claims}
endmodule
"""

    claims = """always @* once: assert (first || (has & {o_1__valid, o_0__valid}) == 0);
  always @* same_0: assert (first || !o_0__valid || (i__valid && o_0__payload == i__payload));
  always @* same_1: assert (first || !o_1__valid || (i__valid && o_1__payload == i__payload));
  always @* to_all: assert (first || rst || moves == (i__valid && (has | takes) == 2'b11));"""
    reach = "always @* never_apart: assert (!(has == 2'b01 && moves));"
    claim = f"every output gets each beat once, the input moves on when all have it (2 outputs, {WIDTH}-bit beats)"
    return Block("fork", claim, verilog_of(Fork(WIDTH)), harness(claims), harness(reach))


def _join() -> Block:
    """Return the claim that inputs move together, side by side."""

    def harness(claims: str) -> str:
        return f"""module {PROOF_TOP} (input clk, input [{WIDTH - 1}:0] i_a__payload, input i_a__valid,
    input [{WIDTH - 1}:0] i_b__payload, input i_b__valid, input o__ready);
  wire i_a__ready, i_b__ready, o__valid;
  wire [{2 * WIDTH - 1}:0] o__payload;
  {DUT} dut ({_pins("i_a")}, {_pins("i_b")}, {_pins("o")});
  wire moves = o__valid && o__ready;
  reg begun = 1'b0;
  always @(posedge clk) begun <= 1'b1;
  {claims}
endmodule
"""

    claims = """always @* both: assert (!begun || o__valid == (i_a__valid && i_b__valid));
  always @* together: assert (!begun || ((i_a__valid && i_a__ready) == moves && (i_b__valid && i_b__ready) == moves));
  always @* side_by_side: assert (!begun || o__payload == {i_b__payload, i_a__payload});"""
    claim = f"both inputs and the output move together, payloads side by side (2 inputs, {WIDTH}-bit beats)"
    files = verilog_of(Join({"a": WIDTH, "b": WIDTH}))
    return Block("join", claim, files, harness(claims), harness("always @* never: assert (!begun || !moves);"), steps=2)


def _converter(takes: int, gives: int, model: str, claims: str) -> str:
    """Return a harness around a width converter with the flag `last`."""
    wide, narrow = takes * WIDTH + 1, gives * WIDTH + 1
    return f"""module {PROOF_TOP} (input clk, input rst, input [{wide - 1}:0] i__payload, input i__valid,
    input o__ready);
  {_RESET}
  wire i__ready, o__valid;
  wire [{narrow - 1}:0] o__payload;
  {DUT} dut (.clk(clk), .rst(rst), {_pins("i")}, {_pins("o")});
  {_rules("i", 0, wide)}
  wire push = i__valid && i__ready && !rst;
  wire pop = o__valid && o__ready && !rst;
  wire last = i__payload[{wide - 1}];
  reg full = 0;
  {model}
  {claims}
endmodule
"""


def _widen() -> Block:
    """Elements are gathered, three or fewer and `last`, zeros above."""
    model = f"""reg [1:0] at = 0;
  reg [{3 * WIDTH - 1}:0] part, want;
  reg ended;
  wire [{3 * WIDTH - 1}:0] element = i__payload[{WIDTH - 1}:0];
  wire [{3 * WIDTH - 1}:0] more = (at == 0 ? 0 : part) | element << at * {WIDTH};
  wire ends = at == 2 || last;
  always @(posedge clk) begin
    if (rst) at <= 0; else if (push) at <= ends ? 0 : at + 1;
    if (push) part <= more;
    if (push && ends) {{ended, want}} <= {{last, more}};
    full <= rst ? 0 : push && ends ? 1 : pop ? 0 : full;
  end"""
    claims = """always @* offers: assert (first || o__valid == full);
  always @* gathers: assert (first || !full || o__payload == {ended, want});
  always @* keeps: assert (first || !(push && full && !pop));"""
    reach = "always @* never_short: assert (first || !(full && ended && want[3:2] != 0 && pop));"
    claim = f"three elements a beat, or fewer with last and zeros above, in order ({WIDTH}-bit elements, 1 to 3)"
    files = verilog_of(WidthConverter(WIDTH, 1, 3))
    return Block("widen", claim, files, _converter(1, 3, model, claims), _converter(1, 3, model, reach))


def _narrow() -> Block:
    """Return the claim that a beat's elements leave one by one, `last` with the final one."""
    model = f"""reg [1:0] at = 0;
  reg [{3 * WIDTH - 1}:0] beat;
  reg ended;
  always @(posedge clk) begin
    if (rst) full <= 0; else if (push) full <= 1; else if (pop && at == 2) full <= 0;
    if (push) {{ended, beat}} <= i__payload;
    if (rst || push) at <= 0; else if (pop) at <= at + 1;
  end"""
    claims = f"""always @* offers: assert (first || o__valid == full);
  wire [{WIDTH - 1}:0] element = beat >> at * {WIDTH};
  always @* one_by_one: assert (first || !full || o__payload == {{ended && at == 2, element}});
  always @* keeps: assert (first || !(push && full && !(pop && at == 2)));"""
    reach = "always @* never_last: assert (first || !(full && ended && at == 2 && pop));"
    claim = f"a beat's elements one by one, last with the final one ({WIDTH}-bit elements, 3 to 1)"
    files = verilog_of(WidthConverter(WIDTH, 3, 1))
    return Block("narrow", claim, files, _converter(3, 1, model, claims), _converter(3, 1, model, reach))
