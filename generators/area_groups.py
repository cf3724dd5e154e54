"""Modules whose area is shown together, family by family."""

__all__ = ["AREA_GROUPS"]

AREA_GROUPS: dict[str, dict[str, tuple[str, ...]]] = {
    "systolic": {
        "PEs": ("pe", "pe_pair"),
        "operand hops and merge": ("row", "row_end", "column", "column_end", "band", "band_end"),
        "skew": ("fold_rows", "skew_a", "skew_b", "skew_moving", "skew_resident"),
        "drain": ("deskew", "accumulators"),
        "epilogue": ("requantize", "requantize_lane", "bias_add"),
        "streams": ("skid_buffer", "register_slice", "queue"),
    },
    "lut": {
        "lookups and accumulators": ("column",),
        "segments": ("segment", "trits"),
        "tables": ("head", "source", "precompute", "quantize_table"),
        "results": ("results", "row_sums"),
        "epilogue": ("requantize", "requantize_lane", "bias_add"),
        "streams": ("skid_buffer", "tile"),
    },
    "sparse": {
        "chains": ("chain",),
        "sparse MUX": ("sparse_mux",),
        "weights of several widths": ("gearbox",),
        "bitmaps": ("bitmap_decoder",),
        "epilogue": ("requantize", "requantize_lane", "bias_add"),
        "streams and results": ("skid_buffer", "tile"),
    },
    "vector": {
        "elements": ("activation_lane", "turn", "power", "softmax_powers"),
        "sums": ("softmax_total", "norm_spread"),
        "what is held": ("hold", "queue"),
        "scaling": ("requantize", "requantize_lane"),
    },
    "attention": {
        "rows": ("row",),
        "softmax units": ("softmax",),
        "normalisation": ("normalize",),
        "streams, sequencer and epilogue": ("skid_buffer", "sequencer", "engine"),
    },
}
"""Family -> group -> module labels whose area is shown together."""
