"""The systolic family: dense GEMM and convolution on a two-dimensional array."""
