"""Emission: each module once, the same bytes every time, clean in every reader, and equal to what Amaranth says."""

import os
import re
import shutil
import subprocess
import sys
import time
import warnings

import pytest
from amaranth.back import rtlil
from amaranth.hdl import Array, Cat, Module, Mux, Signal, signed
from amaranth.lib import data, stream, wiring
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out
from amaranth.sim import Simulator

from rtloom.errors import InputError, ToolError
from rtloom.hdl.emit import Shared, emit_verilog
from rtloom.hdl.verilog_lint import explicit_widths, fold_repeats, unused_bits
from rtloom.hdl.verilog_names import is_plain, plain
from rtloom.hdl.yosys import quote, run_yosys, yosys_version


class Mac(Shared):
    """Multiplies and accumulates."""

    def __init__(self, bits):
        self.bits = bits
        super().__init__({"en": In(1), "a": In(signed(bits)), "b": In(signed(bits)), "o": Out(signed(4 * bits))})

    def key(self):
        return (self.bits,)

    def label(self):
        return "pe"

    def body(self):
        m = Module()
        product = Signal(signed(2 * self.bits), reset_less=True)
        total = Signal(signed(4 * self.bits))
        with m.If(self.en):
            m.d.sync += [product.eq(self.a * self.b), total.eq(total + product)]
        m.d.comb += self.o.eq(total)
        return m


class Delay(Shared):
    """One register without a reset."""

    def __init__(self, bits):
        self.bits = bits
        super().__init__({"i": In(bits), "o": Out(bits)})

    def key(self):
        return (self.bits,)

    def body(self):
        m = Module()
        held = Signal(self.bits, reset_less=True)
        m.d.sync += held.eq(self.i)
        m.d.comb += self.o.eq(held)
        return m


class Gray(Shared):
    """Combinational: needs no clock."""

    def __init__(self, bits):
        self.bits = bits
        super().__init__({"i": In(bits), "o": Out(bits)})

    def key(self):
        return (self.bits,)

    def body(self):
        m = Module()
        m.d.comb += self.o.eq(self.i ^ (self.i >> 1))
        return m


class Row(Shared):
    """PEs, a register and logic, with struct payloads at its streams."""

    def __init__(self, count, bits):
        self.count, self.bits = count, bits
        narrow = data.StructLayout({"data": count * bits, "last": 1})
        wide = data.StructLayout({"data": 4 * count * bits, "last": 1})
        super().__init__({"x": In(stream.Signature(narrow)), "y": Out(stream.Signature(wide))})

    def key(self):
        return (self.count, self.bits)

    def body(self):
        m = Module()
        sums = []
        for n in range(self.count):
            m.submodules[f"pe_{n}"] = pe = Mac(self.bits)
            part = self.x.payload.data[n * self.bits : (n + 1) * self.bits]
            m.d.comb += [pe.en.eq(self.x.valid), pe.a.eq(part), pe.b.eq(~part)]
            sums.append(pe.o)
        m.submodules.delay = delay = Delay(4 * self.count * self.bits)
        m.submodules.gray = gray = Gray(4 * self.count * self.bits)
        m.d.comb += [delay.i.eq(Cat(sums)), gray.i.eq(delay.o), self.y.payload.data.eq(gray.o)]
        m.d.comb += [self.y.payload.last.eq(self.x.payload.last), self.y.valid.eq(self.x.valid)]
        m.d.comb += self.x.ready.eq(self.y.ready)
        return m


class Grid(Shared):
    """Rows of two widths: three levels of modules."""

    def __init__(self):
        super().__init__({"x": In(17), "go": In(1), "o": Out(64 * 3)})

    def key(self):
        return ()

    def body(self):
        m = Module()
        rows = [Row(2, 8), Row(2, 8), Row(4, 4)]
        for n, row in enumerate(rows):
            m.submodules[f"row_{n}"] = row
            m.d.comb += [row.x.payload.eq(self.x), row.x.valid.eq(self.go), row.y.ready.eq(1)]
        m.d.comb += self.o.eq(Cat(row.y.payload.data for row in rows))
        return m


class Ram(Shared):
    """A memory with one write and one read port, both synchronous."""

    def __init__(self, bits, depth, init=()):
        self.bits, self.depth, self.init = bits, depth, tuple(init)
        address = In(range(depth))
        super().__init__({"write": In(1), "to": address, "i": In(bits), "at": address, "o": Out(bits)})

    def key(self):
        return (self.bits, self.depth, self.init)

    def body(self):
        m = Module()
        m.submodules.cells = memory = Memory(shape=self.bits, depth=self.depth, init=self.init)
        write, read = memory.write_port(), memory.read_port()
        m.d.comb += [write.en.eq(self.write), write.addr.eq(self.to), write.data.eq(self.i)]
        m.d.comb += [read.en.eq(1), read.addr.eq(self.at), self.o.eq(read.data)]
        return m


class Operators(Shared):
    """Every operator, on operands of several widths and signs."""

    def __init__(self):
        members = {"s": In(signed(5)), "t": In(signed(9)), "u": In(4), "v": In(7)}
        self.results = _operators(*(Signal(member.shape, name=name) for name, member in members.items()))
        outputs = {f"o{n}": Out(value.shape()) for n, value in enumerate(self.results)}
        super().__init__(members | outputs)

    def key(self):
        return ()

    def body(self):
        m = Module()
        for n, value in enumerate(_operators(self.s, self.t, self.u, self.v)):
            m.d.comb += getattr(self, f"o{n}").eq(value)
        return m


def _operators(s, t, u, v):
    pairs = [(s, t), (s, u), (u, v), (t, v), (s.as_unsigned(), t.as_unsigned()), (u.as_signed(), v), (s, 3), (t, -1)]
    results = []
    for a, b in pairs:
        results += [a + b, a - b, a * b, a & b, a | b, a ^ b, a == b, a != b, a < b, a <= b, a > b, a >= b]
    results += [
        -s,
        -u,
        ~s,
        ~v,
        abs(s),
        s.bool(),
        ~t.any(),
        t.all(),
        t.xor(),
        (s + t)[1:4],
        (s - u)[:3],
        Mux(u[0], s, t),
    ]
    results += [t << u[:2], s << u[:3], t >> u, v >> u[:2], t.word_select(u[:2], 3), t.bit_select(u, 2)]
    results += [v.matches("--1-0-1"), v.rotate_left(2), Array([s, t, u])[u[:2]], ~(s == 0), (s + t).any() & ~u.bool()]
    return results


class Named(Shared):
    """An enable with a name of its own, at the port of an instance that comes before it in the alphabet."""

    def __init__(self):
        super().__init__({"go": In(1), "hold": In(1), "i": In(4), "o": Out(4)})

    def key(self):
        return ()

    def body(self):
        m = Module()
        moves = Signal()
        m.submodules.a = a = Enabled()
        m.d.comb += [moves.eq(self.go & ~self.hold), a.en.eq(moves), a.i.eq(self.i), self.o.eq(a.o)]
        return m


class Enabled(Shared):
    """A register with an enable."""

    def __init__(self):
        super().__init__({"en": In(1), "i": In(4), "o": Out(4)})

    def key(self):
        return ()

    def body(self):
        m = Module()
        with m.If(self.en):
            m.d.sync += self.o.eq(self.i)
        return m


class Counter(Shared):
    """Registers with reset, enable, both and neither; a reset value; an unused carry and unused input bits."""

    def __init__(self):
        super().__init__({"en": In(1), "i": In(8), "o": Out(8), "p": Out(8), "q": Out(5)})

    def key(self):
        return ()

    def body(self):
        m = Module()
        held = Signal(8, reset_less=True)
        m.d.sync += [self.o.eq(self.o + 1), held.eq(self.i[:6])]
        with m.If(self.en):
            m.d.sync += self.p.eq(self.p - held)
        with m.Switch(self.i[:2]):
            with m.Case(0):
                m.d.sync += self.q.eq(17)
            with m.Case(1, 2):
                m.d.sync += self.q.eq(self.q + held[:3])
        return m


class Odd(Shared):
    """Names that Verilog reserves or cannot write."""

    def __init__(self):
        super().__init__({"reg": In(1), "table": Out(1), "ref": Out(4)})

    def key(self):
        return ()

    def label(self):
        return "module"

    def body(self):
        m = Module()
        a, b, c = Signal(name="wire"), Signal(name="x y"), Signal(name="x$y")
        m.submodules.endmodule = inner = Delay(1)
        m.submodules["a b"] = other = Delay(1)
        m.d.sync += [a.eq(self.reg), b.eq(a), c.eq(b ^ a)]
        m.d.comb += [inner.i.eq(c), other.i.eq(inner.o), self.table.eq(other.o), self.ref.eq(Cat(a, b, c))]
        return m


class Wrapper(wiring.Component):
    """A top that is not shared, with a plain submodule that holds a shared one."""

    i: In(8)
    o: Out(8)

    def elaborate(self, platform):
        m = Module()
        m.submodules.plain = plain_one = Plain()
        m.d.comb += [plain_one.i.eq(self.i), self.o.eq(plain_one.o)]
        return m


class Plain(wiring.Component):
    """A plain submodule."""

    i: In(8)
    o: Out(8)

    def elaborate(self, platform):
        m = Module()
        m.submodules.delay = delay = Delay(8)
        m.d.comb += [delay.i.eq(self.i), self.o.eq(delay.o + 1)]
        return m


TOPS = {
    "grid": Grid,
    "operators": Operators,
    "counter": Counter,
    "odd": Odd,
    "wrapper": Wrapper,
    "ram": lambda: Ram(16, 512),
    "rom": lambda: Ram(8, 4, (1, 2, 3)),
}


@pytest.fixture(scope="module", params=TOPS)
def emitted(request):
    """Return a name and its emitted design."""
    return request.param, emit_verilog(TOPS[request.param](), f"t_{request.param}", ["a header"])


def modules_of(verilog):
    """Return the text of each module."""
    return {part.split()[0]: part for part in re.split(r"^module ", verilog.text, flags=re.MULTILINE)[1:]}


def test_each_distinct_module_once():
    verilog = emit_verilog(Grid(), "grid")
    names = ["grid", "grid__row", "grid__pe", "grid__delay", "grid__gray", "grid__row_2", "grid__pe_2"]
    assert list(verilog.modules) == names
    assert sorted(modules_of(verilog)) == sorted(names)
    assert verilog.top == "grid"
    assert verilog.modules["grid__row_2"] == f"{Row.__module__}.Row(4, 4)"
    assert verilog.labels == {
        "grid": "top",
        "grid__row": "row",
        "grid__row_2": "row",
        "grid__pe": "pe",
        "grid__pe_2": "pe",
        "grid__delay": "delay",
        "grid__gray": "gray",
    }
    assert len(re.findall(r"^  grid__pe pe_\d \(", verilog.text, re.MULTILINE)) == 2


def test_plain_submodules_are_named_after_their_parent():
    verilog = emit_verilog(Wrapper(), "w")
    assert sorted(modules_of(verilog)) == ["w", "w__delay", "w__plain"]


def test_comments_lead_back(emitted):
    _, verilog = emitted
    assert verilog.text.startswith("// a header\n")
    for name, came_from in verilog.modules.items():
        assert f"// {name}: {came_from}\nmodule {name} " in verilog.text


def test_long_origin_is_folded_and_wrapped():
    class Many(Gray):
        def key(self):
            return (*([self.bits] * 500), 1, 1, *range(60))

    verilog = emit_verilog(Many(3), "many")
    assert "Many(*[3] * 500, 1, 1, 0, 1, 2," in verilog.modules["many"]
    assert max(map(len, verilog.text.splitlines())) <= 120


def test_of_a_long_table_the_beginning_is_named_and_tables_are_told_apart():
    class Table(Gray):
        def __init__(self, entries):
            self.entries = entries
            super().__init__(3)

        def key(self):
            return (self.entries, "name")

    squares = tuple(n * n for n in range(40))
    named, other, short = (
        emit_verilog(Table(entries), "t").modules["t"] for entries in (squares, (*squares[:-1], -7), squares[:20])
    )
    assert re.search(r"Table\(\(0, 1, 4, 9, \.\.\. 40 integers, sha256 [0-9a-f]{8}\), 'name'\)$", named)
    assert other != named
    assert short.endswith("289, 324, 361), 'name')")


def test_ports_are_declared_in_the_header_clock_first():
    pe = modules_of(emit_verilog(Grid(), "grid"))["grid__pe"]
    assert pe.startswith(
        "grid__pe (\n"
        "  input  wire clk,\n"
        "  input  wire rst,\n"
        "  input  wire en,\n"
        "  input  wire [7:0] a,\n"
        "  input  wire [7:0] b,\n"
        "  output reg  [31:0] o\n"
        ");\n"
    )


def test_clock_and_reset_only_where_used():
    modules = modules_of(emit_verilog(Grid(), "grid"))
    assert "clk" not in modules["grid__gray"]
    assert "clk" in modules["grid__delay"]
    assert "rst" not in modules["grid__delay"]
    assert "rst" not in modules_of(emit_verilog(Wrapper(), "w"))["w__plain"]


def test_no_noise(emitted):
    _, verilog = emitted
    for noise in (
        "\\",
        "(*",
        "src",
        "initial" if emitted[0] != "rom" else "(*",
        "lint_off",
        "$auto",
        "$proc",
        " signed ",
    ):
        assert noise not in verilog.text
    assert max(map(len, verilog.text.splitlines())) <= 130


def test_registers_read_as_one_would_write_them():
    text = emit_verilog(Counter(), "counter").text
    assert "    if (rst) o <= 8'h00;\n" in text
    assert "    else if (en) p <= " in text
    assert "wire unused = &{ 1'h0, held[7:6], i[7:6] };" in text


def test_a_wire_keeps_the_name_that_its_author_gave():
    text = emit_verilog(Named(), "named").text
    assert "  assign moves = go & _0_;\n" in text
    assert "    .en(moves),\n" in text


def test_same_object_twice_gives_the_same_bytes():
    grid = Grid()
    assert emit_verilog(grid, "g").text == emit_verilog(grid, "g").text == emit_verilog(Grid(), "g").text


def test_same_bytes_in_every_process():
    code = (
        "import hashlib, rtloom\n"
        "from rtloom.hdl.boundary import Boundary\n"
        "from rtloom.hdl.emit import emit_verilog\n"
        "for name in ('systolic-4x4-int8', 'systolic-8x8-int8-layer'):\n"
        "    s = rtloom.load(name)\n"
        "    b = Boundary(s.family.component(s.params), s.family.ports(s.params))\n"
        "    print(hashlib.sha256(emit_verilog(b, 'x').text.encode()).hexdigest())"
    )
    printed = set()
    for seed in ("0", "1", "77"):
        environment = {**os.environ, "PYTHONHASHSEED": seed}
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=environment, check=True)
        printed.add(done.stdout)
    assert len(printed) == 1


def test_lints_clean_in_verilator(emitted, tmp_path):
    from rtloom.sim.verilator import find_verilator

    name, verilog = emitted
    path = tmp_path / f"t_{name}.v"
    path.write_text(verilog.text)
    verilator = find_verilator()
    # One file holds many modules, which is what DECLFILENAME is about.
    command = [
        str(verilator.command),
        "--lint-only",
        "-Wall",
        "-Wno-DECLFILENAME",
        "--top-module",
        path.stem,
        str(path),
    ]
    done = subprocess.run(command, capture_output=True, text=True, env=verilator.environment(), check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_reads_in_yosys(emitted, tmp_path):
    name, verilog = emitted
    (tmp_path / "t.v").write_text(verilog.text)
    log = run_yosys(
        ["read_verilog t.v", f"hierarchy -check -top t_{name}", "proc", "check -assert"], directory=tmp_path
    )
    assert "Warning" not in log


@pytest.mark.skipif(shutil.which("iverilog") is None, reason="Icarus is not installed")
def test_reads_in_icarus(emitted, tmp_path):
    name, verilog = emitted
    path = tmp_path / "t.v"
    path.write_text(verilog.text)
    command = ["iverilog", "-g2005", "-Wall", "-Wno-timescale", "-s", f"t_{name}", "-o", str(tmp_path / "t"), str(path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def plain_rtlil(component):
    """Return what Amaranth alone writes: everything in place, nothing shared."""
    return rtlil.convert(component, name="gold", emit_src=False)


def test_combinational_logic_equals_amaranth(tmp_path):
    (tmp_path / "gold.il").write_text(plain_rtlil(Operators()))
    (tmp_path / "gate.v").write_text(emit_verilog(Operators(), "gate").text)
    passes = ["read_rtlil gold.il", "setattr -mod -unset top", "read_verilog gate.v", "proc", "flatten", "opt_clean"]
    passes += ["miter -equiv -make_outputs gold gate miter", "hierarchy -top miter", "flatten", "opt -full"]
    log = run_yosys([*passes, "sat -verify -prove trigger 0 miter"], directory=tmp_path)
    assert "SAT proof finished - no model found: SUCCESS!" in log


@pytest.mark.parametrize("name", ["grid", "counter", "wrapper"])
def test_sequential_logic_equals_amaranth(name, tmp_path):
    (tmp_path / "gold.il").write_text(plain_rtlil(TOPS[name]()))
    (tmp_path / "gate.v").write_text(emit_verilog(TOPS[name](), "gate").text)
    passes = [
        "read_rtlil gold.il",
        "setattr -mod -unset top",
        "read_verilog gate.v",
        "proc",
        "flatten",
        "opt_clean",
        "setattr -unset init w:*",
    ]
    if name == "wrapper":
        # Plain Amaranth gives every clocked module a reset; the emitted one has none where nothing is reset.
        passes += ["delete gold/rst"]
    passes += [
        "equiv_make gold gate both",
        "hierarchy -top both",
        "equiv_simple",
        "equiv_induct",
        "equiv_status -assert",
    ]
    log = run_yosys(passes, directory=tmp_path)
    assert "Equivalence successfully proven!" in log


def test_a_mistake_would_be_found(tmp_path):
    """The equivalence tests can fail."""
    text = emit_verilog(Operators(), "gate").text
    (tmp_path / "gold.il").write_text(plain_rtlil(Operators()))
    (tmp_path / "gate.v").write_text(text.replace("$signed(s)", "s", 1))
    passes = ["read_rtlil gold.il", "setattr -mod -unset top", "read_verilog gate.v", "proc", "flatten", "opt_clean"]
    passes += ["miter -equiv -make_outputs gold gate miter", "hierarchy -top miter", "flatten", "opt -full"]
    with pytest.raises(ToolError, match=r"^Yosys must succeed, but reported ERROR: .*proof"):
        run_yosys([*passes, "sat -verify -prove trigger 0 miter"], directory=tmp_path)


def test_memory_is_inferred(tmp_path):
    (tmp_path / "ram.v").write_text(emit_verilog(Ram(16, 512), "ram").text)
    passes = ["read_verilog ram.v", "synth_ice40 -top ram", "tee -o stat.json stat -json"]
    run_yosys(passes, directory=tmp_path, quiet=True)
    stat = (tmp_path / "stat.json").read_text()
    assert re.search(r'"SB_RAM40_4K": *2\b', stat)


def test_memory_keeps_contents_that_are_not_zero():
    assert "initial" not in emit_verilog(Ram(8, 4), "ram").text
    assert "initial begin\n" in emit_verilog(Ram(8, 4, (1, 2, 3)), "rom").text
    assert "cells[2] = 8'h03;" in emit_verilog(Ram(8, 4, (1, 2, 3)), "rom").text


def test_without_emitter_it_elaborates_in_place():
    row = Row(2, 8)
    simulator = Simulator(row)
    simulator.add_clock(1e-6)

    async def bench(ctx):
        ctx.set(row.x.payload.data, 0x0503)
        ctx.set(row.x.valid, 1)
        await ctx.tick().repeat(4)
        low = 3 * ~3 * 2 & 0xFFFFFFFF
        high = 5 * ~5 * 2 & 0xFFFFFFFF
        both = high << 32 | low
        assert ctx.get(row.y.payload.data) == both ^ both >> 1

    simulator.add_testbench(bench)
    simulator.run()


def test_emission_leaves_no_warning():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        emit_verilog(Grid(), "g")


def test_names():
    assert is_plain("clk_2")
    assert not is_plain("reg")
    assert not is_plain("2x")
    assert [plain(name) for name in ("o$1", "reg", "4x4", "a b", "$")] == ["o_1", "reg_", "_4x4", "a_b", "_"]
    odd = emit_verilog(Odd(), "odd")
    assert "reg_" in odd.text
    assert {"reg_", "table_", "ref_"} <= set(re.findall(r"\w+", modules_of(odd)["odd"]))


@pytest.mark.parametrize("label", ["PE", "a__b", "", "1st", "a-b", "a_"])
def test_label_must_be_a_name(label):
    class Bad(Gray):
        def label(self):
            return label

    class Top(wiring.Component):
        def elaborate(self, platform):
            m = Module()
            m.submodules.bad = Bad(2)
            return m

    rule = re.escape(f"must be lower-case words joined by _, not {label!r}")
    with pytest.raises(InputError, match=f"^Label of .*Bad {rule}$"):
        emit_verilog(Top({}), "top")


def test_key_must_not_hold_an_address():
    class Bad(Gray):
        def key(self):
            return (object(),)

    with pytest.raises(InputError, match=r"^Key of .*Bad must show its value, which an address does not, not \(<obj"):
        emit_verilog(Bad(2), "top")


class Unfinished(Shared):
    """Has neither body nor key."""


@pytest.mark.parametrize("method", ["body", "key"])
def test_shared_says_what_is_missing(method):
    with pytest.raises(TypeError, match=rf"^Unfinished must implement {method}\(\)$"):
        getattr(Unfinished({}), method)()


WIDTHS = {"a": 4, "b": 8, "c": 9, "s": 1}


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("a + b", "{ 4'h0, a } + b"),
        ("b + b", "b + b"),
        ("b - 1'h1", "b - 8'h1"),
        ("$signed(a) + $signed(b)", "$signed({ a[3], a[3], a[3], a[3], a }) + $signed(b)"),
        ("$signed(b[3:2]) + $signed(b)", "$signed({ b[3], b[3], b[3], b[3], b[3], b[3], b[3:2] }) + $signed(b)"),
        ("$signed({ s, a }) + $signed(b)", "$signed({ s, s, s, s, a }) + $signed(b)"),
        ("$signed({ a, s }) + $signed(b)", "$signed({ a[3], a[3], a[3], a, s }) + $signed(b)"),
        ("$signed(b) + $signed(2'h2)", "$signed(b) + $signed({ 1'h1, 1'h1, 1'h1, 1'h1, 1'h1, 1'h1, 2'h2 })"),
        ("a * b", "a * b"),
        ("c & a", "c & { 5'h0, a }"),
        ("{ a, s } | c", "{ 4'h0, a, s } | c"),
    ],
)
def test_widths_of_results_become_explicit(before, after):
    assert explicit_widths(f"  assign c = {before};", WIDTHS) == f"  assign c = {after};"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("b == 1'h1", "b == 8'h1"),
        ("a < b", "{ 4'h0, a } < b"),
        ("$signed(a) <= $signed(b)", "$signed({ a[3], a[3], a[3], a[3], a }) <= $signed(b)"),
        ("! b", "~| b"),
        ("! s", "! s"),
    ],
)
def test_widths_of_comparisons_become_explicit(before, after):
    assert explicit_widths(f"  assign s = {before};", WIDTHS) == f"  assign s = {after};"


@pytest.mark.parametrize(
    "line", ["  always @(posedge clk)", "  assign c = s ? a : b;", "    if (rst) a <= b;", "endmodule"]
)
def test_other_lines_stay(line):
    assert explicit_widths(line, WIDTHS) == line


def test_repeats_are_folded():
    assert fold_repeats("x = { a, a, a, b, b };") == "x = { {3{a}}, b, b };"
    assert fold_repeats("x = { a[1], a[1], a[1], a[1] };") == "x = {4{a[1]}};"
    assert fold_repeats("x = { a, b, a, b };") == "x = { a, b, a, b };"


def test_unused_bits_are_found():
    lines = [
        "  wire [7:0] b;",
        "  assign b = { a[3:2], c[8:4], s };",
        "  child one (",
        "    .i(b[6:1]),",
        "    .o(d)",
        "  );",
        "  always @(posedge clk)",
        "    if (e) f <= 4'ha;",
    ]
    widths = WIDTHS | {"clk": 1, "d": 3, "e": 1, "f": 4}
    ports = {"a": "input", "c": "input", "s": "input", "clk": "input", "e": "input", "f": "output"}
    assert unused_bits(lines, widths, ports, {"child": {"o"}}) == ["a[1:0]", "b[0]", "b[7]", "c[3:0]", "d"]


def test_yosys_reports_its_error_in_one_line():
    with pytest.raises(ToolError, match=r"^Yosys must succeed, but reported ERROR: No such command: nonsense .*$"):
        run_yosys(["nonsense"])


def test_yosys_crash_is_reported():
    with pytest.raises(ToolError, match=r"^Yosys must succeed, but was ended by SIGSEGV$"):
        run_yosys(["exec -- kill -SEGV $PPID"])


def test_yosys_out_of_time_is_ended():
    started = time.monotonic()
    with pytest.raises(ToolError, match=r"^Yosys must finish within 0.5 seconds, but was still running$"):
        run_yosys(["exec -- sleep 30"], timeout=0.5)
    assert time.monotonic() - started < 10


def test_yosys_missing(monkeypatch):
    from importlib import metadata, util

    def absent(name):
        raise metadata.PackageNotFoundError(name)

    monkeypatch.setattr(util, "find_spec", lambda name: None)
    monkeypatch.setattr(metadata, "version", absent)
    with pytest.raises(ToolError, match=r"^Yosys must be installed as the Python package pyosys, which was not found$"):
        run_yosys(["help"])


def test_yosys_log_and_file_names(tmp_path):
    folder = tmp_path / 'a b"c'
    folder.mkdir()
    (folder / "x.v").write_text("module x; endmodule\n")
    assert "Generating RTLIL representation for module `\\x'" in run_yosys([f"read_verilog {quote(folder / 'x.v')}"])
    assert len(run_yosys(["help"], quiet=True)) < 100 < len(run_yosys(["help"]))
    assert re.fullmatch(r"\d+\.\d+.*", yosys_version())


@pytest.mark.parametrize("name", ["fork", "a-b", "", "1x"])
def test_a_top_that_verilog_could_not_name(name):
    message = rf"^Module name must be a Verilog identifier and no keyword, not {name!r}$"
    with pytest.raises(InputError, match=message):
        emit_verilog(Delay(4), name)
