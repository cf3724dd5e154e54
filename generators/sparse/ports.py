"""The streams of the sparse family, from its parameters; no hardware import."""

from ...hdl.formats import Integer
from ...hdl.ports import Field, StreamPort
from .params import SparseParams

__all__ = ["BEAT_BITS", "stream_ports"]

FLAG = Integer(1, is_signed=False)
BEAT_BITS = 8
"""Bits of a beat of weights in each lane, where weights of several widths share the stream."""


def stream_ports(params: SparseParams) -> tuple[StreamPort, ...]:
    """Return the streams `panels`, `a`, `w`, `bitmap`, `index`, `scales`, `epilogue` (where there are such) and `o`.

    A panel is what one window of `length` K elements holds of `channels` output channels. With N of `block` kept it
    takes ``N / least_kept`` steps, in each of which every chain covers ``panel_rows * least_kept / N`` of its
    channels. In a step, chain c's multiplier q serves channel ``q // (group * N / least_kept)`` of these; with p as
    the rest of that division, it takes the weight kept in slot ``p % N`` of block ``p // N`` of the window.
    With `gemv`, chain c of row r counts as chain ``r * chains + c`` wherever lanes are counted by chains; in a panel
    that is no GEMV one, the lanes of other rows than the first are ignored in `w`, `index` and `scales`.
    """
    a = Field("data", params.a_format, params.rows * params.length, "lane r*length+i: row r, element i of the window")
    o = Field("data", params.o_format, params.lanes, "lane r*chains+c: row r, channel of chain c")
    return (
        _panels(params),
        StreamPort("a", "in", (a,), False, "a window of A for each panel that is not empty"),
        _weights(params),
        *((_bitmap(params),) if params.bitmap else ()),
        *((_index(params),) if params.selects else ()),
        *((_scales(params),) if params.scale_bits is not None else ()),
        *((_epilogue(params),) if params.has_epilogue else ()),
        StreamPort("o", "out", (o,), True, "a beat for each channel of the chains; last marks the tile's last"),
    )


def _panels(params: SparseParams) -> StreamPort:
    level = Integer(max(params.levels.bit_length(), 1), is_signed=False)
    fields = [Field("kept", level, 1, "0: the panel is empty; else N = least_kept * 2**(kept - 1)")]
    if len(params.widths) > 1:
        code = Integer((len(params.widths) - 1).bit_length(), is_signed=False)
        fields.append(Field("width", code, 1, f"the weights' bits: one of {params.weight_bits}, by its place"))
    if params.gemv:
        fields.append(Field("gemv", FLAG, 1, "1: every row has weights of its own; 0: those of row 0 serve all"))
    if params.scale_bits is not None:
        fields.append(Field("rescale", FLAG, 1, "1: a beat of scales comes with this panel"))
    return StreamPort("panels", "in", tuple(fields), True, "one beat a panel, along K; last ends the reduction")


def _weights(params: SparseParams) -> StreamPort:
    count = params.multipliers
    if params.bitmap:
        field = Field(
            "data", params.carried_format, count, "weights that are not 0, in the order of the bitmaps' lanes"
        )
        return StreamPort("w", "in", (field,), False, "without gaps between steps; a reduction begins a beat")
    if len(params.widths) == 1:
        field = Field("data", params.carried_format, count, "lane c*length+q: weight of multiplier q of chain c")
        return StreamPort("w", "in", (field,), False, "the weights of a step")
    doc = "lane c*length+q: bits for multiplier q of chain c, the earlier step's lower"
    field = Field("bits", Integer(BEAT_BITS, is_signed=False), count, doc)
    return StreamPort(
        "w", "in", (field,), False, "weights of consecutive steps without gaps; a reduction begins a beat"
    )


def _bitmap(params: SparseParams) -> StreamPort:
    field = Field("bitmap", FLAG, params.multipliers, "lane c*length+q: 1 where that multiplier's weight is not 0")
    return StreamPort("bitmap", "in", (field,), True, "a beat a step with weights; last ends the tile")


def _index(params: SparseParams) -> StreamPort:
    field = Field("index", Integer(params.index_bits, is_signed=False), params.multipliers, "lane c*length+q")
    doc = f"places of the weights in their blocks; a beat a step, none where all {params.block} are kept"
    return StreamPort("index", "in", (field,), False, doc)


def _channels(params: SparseParams) -> int:
    return params.weight_rows * params.channels


def _scales(params: SparseParams) -> StreamPort:
    fields = [Field("scale", params.scale_format, _channels(params), "lane c*panel_rows+j: of channel j of chain c")]
    if params.zero_points:
        fields.append(Field("zero", params.zero_format, _channels(params), "subtracted before scaling"))
    return StreamPort("scales", "in", tuple(fields), False, "holds from the panel that it comes with")


def _epilogue(params: SparseParams) -> StreamPort:
    cols = params.weight_rows * params.chains
    fields = [Field("addend", params.bias_format, cols, "bias of the chains' channels")] if params.bias else []
    if params.requantize:
        fields += [
            Field("multiplier", params.multiplier_format, cols, "multiplies the sums of its channel"),
            Field("shift", params.shift_format, cols, "bits dropped then, rounding half to even"),
            Field("zero_point", params.requantized_format, 1, "added before the result is clipped"),
        ]
        if params.activation != "none":
            fields.append(Field("activate", FLAG, 1, f"1 applies {params.activation}"))
    return StreamPort("epilogue", "in", tuple(fields), False, "a beat for each beat of o")
