"""The netlist check: what synthesis made of a design for an FPGA, simulated cell by cell and compared with golden."""
