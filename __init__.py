"""rtloom: accelerators as functions on arrays. NumPy in, verified Verilog out."""
