"""Proofs: stream rules, deadlock, overflow and arithmetic blocks, by Yosys and an SMT solver."""
