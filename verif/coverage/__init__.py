"""What the runs of a design have exercised: cover points of its family, and lines and bits of its Verilog."""
