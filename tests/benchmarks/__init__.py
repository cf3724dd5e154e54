"""Benchmarks: figures of the README, each measured and written down with its source."""
