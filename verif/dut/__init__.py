"""Anyone's Verilog against a specification: its ports bound, the same bench run on it, failures put into classes."""
