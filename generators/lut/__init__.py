"""The LUT tensor core: mixed-precision GEMM by table lookup, and its multiplier and adder baselines."""
