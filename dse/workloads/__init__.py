"""Networks as lists of layers: matrix products, convolutions, attention; from YAML, ONNX or a model's config.json."""
