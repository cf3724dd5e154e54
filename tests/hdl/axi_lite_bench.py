"""Cocotb tests of the register bank with cocotbext-axi's AXI4-Lite master; `test_axi_lite.py` runs them."""

import random
from itertools import cycle

import cocotb
from cocotb.clock import Clock
from cocotb.triggers import ClockCycles, ReadOnly, RisingEdge
from cocotbext.axi import AxiLiteBus, AxiLiteMaster, AxiResp


async def start(dut, pauses: bool = False) -> AxiLiteMaster:
    """Reset the bank and return a master, which on request pauses each channel at its own random cycles."""
    cocotb.start_soon(Clock(dut.clk, 10, unit="ns").start())
    dut.version.value, dut.events.value, dut.rst.value = 0xABCDE, 0, 1
    master = AxiLiteMaster(AxiLiteBus.from_prefix(dut, "s_axil"), dut.clk, dut.rst)
    await ClockCycles(dut.clk, 3)
    dut.rst.value = 0
    await RisingEdge(dut.clk)
    if pauses:
        write, read = master.write_if, master.read_if
        channels = (write.aw_channel, write.w_channel, write.b_channel, read.ar_channel, read.r_channel)
        rng = random.Random(cocotb.RANDOM_SEED)
        for channel in channels:
            channel.set_pause_generator(cycle([rng.random() < 0.6 for _ in range(50)] + [False]))
    return master


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def words_come_back(dut) -> None:
    master = await start(dut)
    assert (await master.read_dword(0x00)) == 0xABCDE
    assert (await master.read_dword(0x04)) == 5
    assert dut.control.value == 5
    await master.write_dword(0x04, 0xFFFF_FFFF)
    assert (await master.read_dword(0x04)) == 0xFFF
    assert dut.control.value == 0xFFF
    await master.write_dword(0x20, 0xDEAD_BEEF)
    assert (await master.read_dword(0x20)) == 0xDEAD_BEEF


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def bytes_are_written_alone(dut) -> None:
    master = await start(dut)
    await master.write_dword(0x20, 0x1122_3344)
    await master.write_byte(0x22, 0xAA)
    assert (await master.read_dword(0x20)) == 0x11AA_3344
    await master.write(0x21, b"\x01\x02")
    assert (await master.read_dword(0x20)) == 0x1102_0144
    assert (await master.read_byte(0x23)) == 0x11


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def unmapped_and_read_only_addresses_answer_with_an_error(dut) -> None:
    master = await start(dut)
    for address in (0x10, 0x24, 0xFC):
        assert (await master.write(address, bytes(4))).resp == AxiResp.SLVERR
        answer = await master.read(address, 4)
        assert (answer.resp, answer.data) == (AxiResp.SLVERR, bytes(4))
    assert (await master.write(0x00, bytes(4))).resp == AxiResp.SLVERR
    for address in (0x00, 0x04, 0x08, 0x0C, 0x20):
        assert (await master.read(address, 4)).resp == AxiResp.OKAY
    assert (await master.read_dword(0x00)) == 0xABCDE


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def a_pulse_lasts_one_cycle(dut) -> None:
    master = await start(dut)
    seen = []

    async def watch() -> None:
        while True:
            await RisingEdge(dut.clk)
            await ReadOnly()
            seen.append(int(dut.go.value))

    watcher = cocotb.start_soon(watch())
    await master.write_dword(0x08, 0b10110)
    assert (await master.read_dword(0x08)) == 0
    await master.write(0x09, b"\xff")
    watcher.cancel()
    assert [value for value in seen if value] == [0b0110]


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def a_counter_counts_wraps_and_can_be_set(dut) -> None:
    master = await start(dut)
    dut.events.value = 1
    await ClockCycles(dut.clk, 300)
    dut.events.value = 0
    assert (await master.read_dword(0x0C)) == 300 % 256
    await master.write_dword(0x0C, 250)
    assert (await master.read_dword(0x0C)) == 250


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def many_transfers_at_once_keep_their_order(dut) -> None:
    master = await start(dut, pauses=True)
    rng = random.Random(cocotb.RANDOM_SEED)
    expected = {0x04: 5, 0x20: 0}
    for _ in range(40):
        address = rng.choice([*expected])
        offset, data = rng.randrange(4), rng.randbytes(rng.randint(1, 4))
        data = data[: 4 - offset]
        old = bytearray(expected[address].to_bytes(4, "little"))
        old[offset : offset + len(data)] = data
        expected[address] = int.from_bytes(old, "little") & (0xFFF if address == 0x04 else 0xFFFF_FFFF)
        write = cocotb.start_soon(master.write(address + offset, data))
        other = cocotb.start_soon(master.read(0x00, 4))
        assert (await write).resp == AxiResp.OKAY
        assert int.from_bytes((await other).data, "little") == 0xABCDE
        assert (await master.read_dword(address)) == expected[address]
    writes = [cocotb.start_soon(master.write(0x20, bytes([k] * 4))) for k in range(20)]
    reads = [cocotb.start_soon(master.read(0x20, 4)) for _ in range(20)]
    for write in writes:
        await write
    values = [(await read).data for read in reads]
    assert all(len(set(value)) == 1 or value == expected[0x20].to_bytes(4, "little") for value in values)
    assert (await master.read_dword(0x20)) == 0x1313_1313


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def a_reset_restores_the_initial_values(dut) -> None:
    master = await start(dut)
    await master.write_dword(0x04, 1)
    await master.write_dword(0x0C, 9)
    dut.rst.value = 1
    await ClockCycles(dut.clk, 2)
    dut.rst.value = 0
    await RisingEdge(dut.clk)
    assert (await master.read_dword(0x04)) == 5
    assert (await master.read_dword(0x0C)) == 0
