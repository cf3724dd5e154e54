"""The virtual board: shell and design in Verilator behind a pseudo-terminal, with a line that can be noisy."""
