"""Simulation: find Verilator, build with a cache, run natively on arrays or under cocotb."""
