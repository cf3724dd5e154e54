"""The AXI4-Lite register bank: cycle by cycle in Amaranth's simulator, and with cocotbext-axi's master in Verilator."""

import random
import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rtloom.errors import InputError
from rtloom.hdl.axi_lite import AxiLiteBank, Register
from rtloom.hdl.emit import emit_verilog
from rtloom.sim.cocotb_runner import run_cocotb

from .bench import clocked

BANK = (
    Register("version", 0x00, "read", 20, doc="what this is"),
    Register("control", 0x04, "write", 12, init=5),
    Register("go", 0x08, "pulse", 4),
    Register("events", 0x0C, "count", 8),
    Register("scratch", 0x20),
)
OKAY, SLVERR = 0, 2


def test_the_bank_obeys_a_master_that_was_not_written_here(tmp_path) -> None:
    verilog = emit_verilog(AxiLiteBank(BANK, address_bits=8), "bank").text
    bench = Path(__file__).with_name("axi_lite_bench.py")
    result = run_cocotb(verilog, "bank", bench, waves=tmp_path / "bank.fst")
    assert not result.failures, result.log
    assert [test.name.rpartition(".")[2] for test in result.tests] == [
        "words_come_back",
        "bytes_are_written_alone",
        "unmapped_and_read_only_addresses_answer_with_an_error",
        "a_pulse_lasts_one_cycle",
        "a_counter_counts_wraps_and_can_be_set",
        "many_transfers_at_once_keep_their_order",
        "a_reset_restores_the_initial_values",
    ]


class Channel:
    """A master's side of the bank, set and read by short names."""

    def __init__(self, ctx, bank) -> None:
        self.ctx, self.bank = ctx, bank

    def __getitem__(self, name: str) -> int:
        return self.ctx.get(getattr(self.bank, f"s_axil_{name}"))

    def set(self, **values: int) -> None:
        for name, value in values.items():
            self.ctx.set(getattr(self.bank, f"s_axil_{name}"), value)


@pytest.mark.parametrize(("address_at", "data_at"), [(0, 0), (0, 3), (3, 0), (1, 2)])
def test_address_and_data_come_in_any_order(address_at, data_at) -> None:
    bank = AxiLiteBank(BANK)
    answered = []

    async def testbench(ctx) -> None:
        axi = Channel(ctx, bank)
        axi.set(bready=1, awaddr=0x20, wdata=0x12345678, wstrb=15)
        for t in range(12):
            axi.set(awvalid=t == address_at, wvalid=t == data_at)
            if t in (address_at, data_at):
                assert axi["awready"] or t != address_at
                assert axi["wready"] or t != data_at
            if axi["bvalid"]:
                answered.append((t, axi["bresp"], ctx.get(bank.scratch)))
            await ctx.tick()

    clocked(bank, testbench)
    # Both taken in cycle n, written at the end of n + 1, answered in n + 2.
    assert answered == [(max(address_at, data_at) + 2, OKAY, 0x12345678)]


def test_a_write_and_a_read_every_two_cycles() -> None:
    bank = AxiLiteBank(BANK)
    seen = {"b": [], "r": []}

    async def testbench(ctx) -> None:
        axi = Channel(ctx, bank)
        axi.set(bready=1, rready=1, awvalid=1, wvalid=1, arvalid=1, awaddr=0x20, araddr=0x04, wstrb=15)
        for t in range(20):
            for channel in ("b", "r"):
                seen[channel] += [t] if axi[f"{channel}valid"] else []
            await ctx.tick()

    clocked(bank, testbench)
    assert seen == {"b": list(range(2, 20, 2)), "r": list(range(1, 20, 2))}


@pytest.mark.parametrize("channel", ["b", "r"])
def test_a_response_waits_and_stops_its_channel_only(channel) -> None:
    bank = AxiLiteBank(BANK)

    async def testbench(ctx) -> None:
        axi = Channel(ctx, bank)
        axi.set(awvalid=1, wvalid=1, awaddr=0x10, wstrb=15, arvalid=1, araddr=0x10)
        axi.set(bready=channel != "b", rready=channel != "r")
        other = "r" if channel == "b" else "b"
        others = 0
        for t in range(20):
            if t > 2:
                assert axi[f"{channel}valid"]
                assert axi[f"{channel}resp"] == SLVERR
            if t > 4:
                assert not axi["awready" if channel == "b" else "arready"]
            others += axi[f"{other}valid"]
            await ctx.tick()
        assert others >= 8

    clocked(bank, testbench)


@settings(max_examples=15)
@given(seed=st.integers(0, 1 << 16))
def test_no_input_reaches_an_output_of_the_port_in_its_cycle(seed) -> None:
    bank = AxiLiteBank(BANK)
    rng = random.Random(seed)
    widths = {"awaddr": 6, "awvalid": 1, "wdata": 32, "wstrb": 4, "wvalid": 1, "bready": 1, "araddr": 6}
    widths |= {"arvalid": 1, "rready": 1, "awprot": 3, "arprot": 3}
    outputs = ("awready", "wready", "bvalid", "bresp", "arready", "rvalid", "rdata", "rresp")

    async def testbench(ctx) -> None:
        axi = Channel(ctx, bank)
        for _ in range(60):
            states = set()
            for _ in range(6):
                axi.set(**{name: rng.getrandbits(width) for name, width in widths.items()})
                ctx.set(bank.version, rng.getrandbits(20))
                states.add(tuple(axi[name] for name in outputs))
            assert len(states) == 1
            await ctx.tick()

    clocked(bank, testbench)


def test_a_written_counter_forgets_the_event_of_that_cycle() -> None:
    bank = AxiLiteBank(BANK)
    values = []

    async def testbench(ctx) -> None:
        axi = Channel(ctx, bank)
        ctx.set(bank.events, 1)
        axi.set(awvalid=1, wvalid=1, awaddr=0x0C, wdata=100, wstrb=1, bready=1, rready=1, araddr=0x0C)
        await ctx.tick()
        axi.set(awvalid=0, wvalid=0, arvalid=1)
        for _ in range(7):
            if axi["rvalid"]:
                values.append(axi["rdata"])
            await ctx.tick()

    clocked(bank, testbench)
    # The read before the write sees the first event; then 100 and on, read every other cycle.
    assert values == [1, 101, 103]


def test_one_register_needs_no_address() -> None:
    bank = AxiLiteBank([Register("only", 0, "write", 8, init=7)])
    assert bank.address_bits == 2

    async def testbench(ctx) -> None:
        axi = Channel(ctx, bank)
        axi.set(arvalid=1)
        await ctx.tick()
        assert (axi["rvalid"], axi["rdata"], axi["rresp"]) == (1, 7, OKAY)

    clocked(bank, testbench)


def test_a_bank_is_described_for_the_manifest() -> None:
    assert BANK[0].to_dict() == {
        "name": "version",
        "address": 0,
        "access": "read",
        "width": 20,
        "init": 0,
        "doc": "what this is",
    }
    assert AxiLiteBank(BANK).address_bits == 6
    assert AxiLiteBank(BANK).key() == AxiLiteBank(list(BANK)).key()
    assert AxiLiteBank(BANK).key() != AxiLiteBank(BANK, address_bits=8).key()


REFUSALS = [
    ({"name": "Go"}, "Register name must be lower-case letters, digits and _, beginning with a letter, not 'Go'"),
    ({"name": ""}, "Register name must be lower-case letters, digits and _, beginning with a letter, not ''"),
    ({"access": "rw"}, "Register r access must be one of read, write, pulse, count, not 'rw'"),
    ({"address": 2}, "Register r address must be a multiple of 4 and not negative, not 2"),
    ({"address": -4}, "Register r address must be a multiple of 4 and not negative, not -4"),
    ({"width": 0}, "Register r width must be between 1 and 32, not 0"),
    ({"width": 33}, "Register r width must be between 1 and 32, not 33"),
    ({"width": 4, "init": 16}, "Register r init must fit 4 unsigned bits, not 16"),
    ({"init": -1}, "Register r init must fit 32 unsigned bits, not -1"),
    ({"init": 1, "access": "read"}, "Register r init must be 0 where access is read, not 1"),
]


@pytest.mark.parametrize(("given_", "message"), REFUSALS)
def test_impossible_registers_are_refused(given_, message) -> None:
    with pytest.raises(InputError, match=f"^{re.escape(message)}$"):
        Register(**({"name": "r", "address": 0} | given_))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: AxiLiteBank([]), "AxiLiteBank registers must name at least one register, not []"),
        (
            lambda: AxiLiteBank([Register("a", 0), Register("a", 4)]),
            "AxiLiteBank register name must be used once, not 'a'",
        ),
        (
            lambda: AxiLiteBank([Register("a", 4), Register("b", 4)]),
            "AxiLiteBank register address must be used once, not 4",
        ),
        (
            lambda: AxiLiteBank([Register("a", 0x100)], address_bits=8),
            "AxiLiteBank address_bits must be at least 9 for its registers, not 8",
        ),
        *(
            (
                lambda name=name: AxiLiteBank([Register(name, 0)]),
                f"AxiLiteBank register name must not be one that the bank itself uses, not '{name}'",
            )
            for name in ("clk", "rst", "key", "body", "signature", "registers", "address_bits", "s_axil_rdata")
        ),
    ],
)
def test_impossible_banks_are_refused(make, message) -> None:
    with pytest.raises(InputError, match=f"^{re.escape(message)}$"):
        make()
