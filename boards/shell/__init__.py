"""The shell around a design, the same on every board: line, frames, buffers, counters."""
