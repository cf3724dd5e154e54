"""A real transformer: its weights from safetensors, its float arithmetic, and its matrices on generated hardware."""
