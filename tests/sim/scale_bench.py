"""A cocotb test module for the small design; runs inside the simulator."""

import os

import cocotb
from cocotb.clock import Clock
from cocotb.triggers import RisingEdge


async def start(dut):
    Clock(dut.aclk, 2, unit="step").start()
    dut.aresetn.value = 0
    dut.s_axis_a_tvalid.value = 0
    dut.m_axis_c_tready.value = 1
    for _ in range(3):
        await RisingEdge(dut.aclk)
    dut.aresetn.value = 1


@cocotb.test()
async def triples(dut):
    await start(dut)
    dut.s_axis_a_tdata.value = 0x0507
    dut.s_axis_a_tvalid.value = 1
    for _ in range(3):
        await RisingEdge(dut.aclk)
    factor = int(os.environ.get("FACTOR", "3"))
    assert int(dut.m_axis_c_tdata.value) == (5 * factor << 16) | 7 * factor, "wrong product\nsecond line"
    assert os.environ.get("GREETING") == "hello"


@cocotb.test(skip=True)
async def never(dut):
    raise AssertionError
