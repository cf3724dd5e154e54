"""Hardware building blocks: number formats, ports, streams, arithmetic, Verilog emission, Yosys."""
