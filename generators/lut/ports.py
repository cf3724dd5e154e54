"""The streams of the LUT family, from its parameters; no hardware import."""

from ...hdl.formats import Integer
from ...hdl.ports import Field, StreamPort
from .params import TRITS_PER_BYTE, LutParams

__all__ = ["segment_trit_bytes", "stream_ports"]

FLAG = Integer(1, is_signed=False)


def stream_ports(params: LutParams) -> tuple[StreamPort, ...]:
    """Return the streams `a`, `w`, `scales` and `epilogue` (where there are such) and `o`, in this order.

    A step is `step` elements along K and takes `passes` beats of `w`. Segment s of the columns lags s beats behind:
    what beat t of `w` holds for it belongs to pass t - s. So that all segments finish, `flush_steps` steps of zeros
    follow the last one of a job; `last` on the final one of them, as a DMA engine sets it, ends nothing. A reduction
    (or group) has at least `least_steps`, steps of zeros filling up shorter ones. `mapping` sees to all of that.
    """
    scales = (_scales(params),) if params.has_scales else ()
    epilogue = (_epilogue(params),) if params.has_epilogue else ()
    data = Field("data", params.o_format, params.lanes, "lane r*segment_cols+c: row r, column c of the segment")
    o = StreamPort("o", "out", (data,), True, "a beat for each segment of a tile; last marks the tile's last")
    return (_activations(params), _weights(params), *scales, *epilogue, o)


def _activations(params: LutParams) -> StreamPort:
    if params.precompute == "streamed":
        doc = "lane (r*k+t)*entries+e: entry e of table t of row r"
        fields = [Field("table", params.entry_format, params.m * params.k * params.entries, doc)]
        if params.table_scale == "table":
            doc = "lane r*k+t: the table's entries count 2**exponent"
            fields.append(Field("exponent", params.exponent_format, params.m * params.k, doc))
    else:
        doc = "lane r*step+i: row r, element i of the step"
        fields = [Field("data", params.a_format, params.m * params.step, doc)]
    if params.table_scale == "group":
        doc = "lane r: the row's table entries count 2**exponent, the same in all steps of a group"
        fields.append(Field("exponent", params.exponent_format, params.m, doc))
    if params.group is not None:
        fields.append(Field("ends", FLAG, 1, "1 on the last step of a group, and with last"))
    return StreamPort("a", "in", tuple(fields), True, "one step along K a beat; last ends the reduction")


def _weights(params: LutParams) -> StreamPort:
    if params.packed_ternary:
        doc = f"lane s*{segment_trit_bytes(params)}+b: byte b of segment s, 5 weights each, first one lowest, -1 as 0"
        field = Field("trits", Integer(8, is_signed=False), params.column_segments * segment_trit_bytes(params), doc)
    elif params.unit == "mac":
        doc = "lane c*step+i: column c, element i of the step"
        field = Field("data", params.weight_format, params.n * params.step, doc)
    else:
        doc = "lane c*k+t: column c, table t; bit p*lookup+i: digit of element i in plane p of the pass"
        if params.table == "remapped" and params.unit == "lut":
            doc += "; where the highest digit of a plane is 1 the others are inverted"
        index = Integer(params.lookup * params.planes, is_signed=False)
        field = Field("index", index, params.n * params.k, doc)
    return StreamPort(
        "w", "in", (field,), False, f"{params.passes} beats a step, each segment one beat after the other"
    )


def segment_trit_bytes(params: LutParams) -> int:
    """Return the bytes that hold a step of a segment's ternary weights."""
    return -(-params.segment_cols * params.step // TRITS_PER_BYTE)


def _scales(params: LutParams) -> StreamPort:
    fields = []
    if params.zero_points:
        fields.append(Field("weight_zero", params.weight_zero_format, params.segment_cols, "subtracted from W's row"))
    if params.weight_scales:
        fields.append(Field("weight_scale", params.scale_format, params.segment_cols, "scale of W's row in the group"))
    if params.activation_scales:
        fields.append(Field("activation_scale", params.scale_format, params.m, "scale of A's row in the group"))
    unit = "group" if params.group else "tile"
    return StreamPort("scales", "in", tuple(fields), False, f"a beat for each segment of each {unit}")


def _epilogue(params: LutParams) -> StreamPort:
    fields = []
    if params.addend == "bias":
        fields.append(Field("addend", params.addend_format, params.segment_cols, "added to the sums of its column"))
    elif params.addend == "matrix":
        fields.append(Field("addend", params.addend_format, params.lanes, "added to the sums, lanes as in o"))
    if params.requantize:
        fields += [
            Field("multiplier", params.multiplier_format, params.segment_cols, "multiplies the sums of its column"),
            Field("shift", params.shift_format, params.segment_cols, "bits dropped then, rounding half to even"),
            Field("zero_point", params.requantized_format, 1, "added before the result is clipped"),
        ]
        if params.activation != "none":
            fields.append(Field("activate", FLAG, 1, f"1 applies {params.activation}"))
    return StreamPort("epilogue", "in", tuple(fields), False, "a beat for each beat of o")
