"""What the demo does unless told otherwise; kept apart so that the command's help need not load the demo."""

__all__ = ["CLOCK", "OUTPUT", "SPEC"]

OUTPUT = "demo-out"
SPEC = "systolic-8x8-int8-layer"
CLOCK = 100e6
"""Hz."""
