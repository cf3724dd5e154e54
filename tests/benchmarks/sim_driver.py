"""The plain cocotb way to run a design, for comparison: a driver coroutine a stream and a monitor."""

import json
import os
import time
from pathlib import Path

import cocotb
import numpy as np
from cocotb.clock import Clock
from cocotb.triggers import ClockCycles, RisingEdge

FOLDER = Path(os.environ["RTLOOM_BENCH_FOLDER"])


async def drive(dut, edge, name, words, lasts):
    valid, ready = getattr(dut, f"s_axis_{name}_tvalid"), getattr(dut, f"s_axis_{name}_tready")
    data, last = getattr(dut, f"s_axis_{name}_tdata"), getattr(dut, f"s_axis_{name}_tlast", None)
    valid.value = 1
    for at, word in enumerate(words):
        data.value = word
        if last is not None:
            last.value = int(lasts[at])
        await edge
        while not ready.value:
            await edge
    valid.value = 0


@cocotb.test()
async def run_job(dut):
    stimulus = np.load(FOLDER / "stimulus.npz")
    count = int(stimulus["count"])
    inputs = {
        name: ([int.from_bytes(row.tobytes(), "little") for row in stimulus[name]], stimulus.get(f"{name}_last"))
        for name in ("a", "b")
    }
    Clock(dut.aclk, 2, unit="step").start()
    dut.aresetn.value = 0
    for name in inputs:
        getattr(dut, f"s_axis_{name}_tvalid").value = 0
    dut.m_axis_c_tready.value = 1
    await ClockCycles(dut.aclk, 4)
    dut.aresetn.value = 1
    edge = RisingEdge(dut.aclk)
    valid, ready, data = dut.m_axis_c_tvalid, dut.m_axis_c_tready, dut.m_axis_c_tdata
    words, cycles = [], 0
    started = time.process_time()
    for name, (values, lasts) in inputs.items():
        cocotb.start_soon(drive(dut, edge, name, values, lasts))
    while len(words) < count:
        await edge
        cycles += 1
        if valid.value and ready.value:
            words.append(data.value.to_bytes(byteorder="little"))
    seconds = time.process_time() - started
    np.save(FOLDER / "taken.npy", np.frombuffer(b"".join(words), dtype=np.uint8).reshape(count, -1))
    (FOLDER / "took.json").write_text(json.dumps({"cycles": cycles, "seconds": seconds}))
