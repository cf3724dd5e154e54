"""What the demo does unless told otherwise; kept apart so that the command's help need not load the demo."""

__all__ = ["OUTPUT", "SPEC"]

OUTPUT = "demo-lut"
SPEC = "lut-m2n32k8-w3a8-layer"
