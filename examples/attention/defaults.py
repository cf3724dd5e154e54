"""What the demo does unless told otherwise; kept apart so that the command's help need not load the demo."""

__all__ = ["OUTPUT", "SPEC"]

OUTPUT = "demo-attention"
SPEC = "attention-4x32-layer"
