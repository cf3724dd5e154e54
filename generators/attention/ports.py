"""The streams of the attention family, from its parameters; no hardware import."""

from ...hdl.formats import Integer
from ...hdl.ports import Field, StreamPort
from .params import AttentionParams

__all__ = ["stream_ports"]

FLAG = Integer(1, is_signed=False)


def stream_ports(params: AttentionParams) -> tuple[StreamPort, ...]:
    """Return the streams `tiles`, `rows`, `q`, `k`, `v`, `epilogue` (where there is one), `o` and `summary`.

    A task is what `rows` rows of Q have to do with the keys of one head. Keys come in tiles of 1 to key_tile
    consecutive ones; tiles of which no row may see a key are left out. With three_pass a task has three stages, each
    with all its tiles: the maximum, the sum (both with keys alone) and the values (with keys and values).
    Within a task, row r works ``slot + 1`` cycles behind row r - 1, so that each key is read once.
    """
    o = Field("data", params.o_format, params.f_lanes, "lane i of beat b of a row: element b*f_lanes+i of O")
    return (
        _tiles(params),
        _rows(params),
        _operand("q", params, params.e_lanes, "a row of Q after the other; key_beats beats a row, all rows of a task"),
        _operand("k", params, params.e_lanes, "keys of the tiles; key_beats beats a key"),
        _operand("v", params, params.f_lanes, "values of the same keys; value_beats beats a value"),
        *((_epilogue(params),) if params.requantize else ()),
        StreamPort("o", "out", (o,), True, "value_beats beats a row; last marks a task's last beat"),
        _summary(params),
    )


def _tiles(params: AttentionParams) -> StreamPort:
    fields = [
        Field("key", Integer(params.key_bits, is_signed=False), 1, "number of the tile's first key"),
        Field(
            "more", Integer(max((params.key_tile - 1).bit_length(), 1), is_signed=False), 1, "keys of the tile, less 1"
        ),
        Field("first", FLAG, 1, "1: the tile begins a task (three_pass: a stage of one)"),
    ]
    if params.softmax == "three_pass":
        stage = Integer(2, is_signed=False)
        fields.append(Field("stage", stage, 1, "0: maximum, 1: sum, 2: values"))
    return StreamPort(
        "tiles", "in", tuple(fields), True, "tiles of keys; last ends a task (three_pass: a stage of one)"
    )


def _rows(params: AttentionParams) -> StreamPort:
    fields = [Field("stop", params.bound_format, 1, "keys from this one on are masked; 0: the row sees none")]
    if params.mask != "stop":
        fields.append(Field("start", params.bound_format, 1, "keys before this one are masked"))
    if params.mask == "sink":
        fields.append(Field("sink", params.bound_format, 1, "but keys before this one are not, as far as stop allows"))
    fields += [
        Field("multiplier", params.scale_format, 1, "multiplies the row's scores"),
        Field(
            "shift", params.shift_format, 1, "bits dropped then, half to even: logits in base 2, logit_fraction bits"
        ),
    ]
    if params.softmax == "unified_max":
        fields.append(Field("offset", params.maximum_format, 1, "the maximum that the row is expected to have"))
    return StreamPort("rows", "in", tuple(fields), False, "one beat for each row of Q, all rows of a task")


def _operand(name: str, params: AttentionParams, lanes: int, doc: str) -> StreamPort:
    form = params.q_format if name == "q" else params.kv_format
    fields = [Field("data", form, lanes, f"lane i of beat b: element b*{lanes}+i")]
    if name != "q" and params.kv_scale_bits is not None:
        count = params.scale_lanes(lanes)
        fields.append(Field("scale", params.kv_scale_format, count, f"of the {lanes // count} elements of each group"))
    return StreamPort(name, "in", tuple(fields), False, doc)


def _epilogue(params: AttentionParams) -> StreamPort:
    fields = (
        Field("multiplier", params.multiplier_format, 1, "multiplies the row's means"),
        Field("shift", params.shift_format, 1, "bits dropped then, rounding half to even"),
        Field("zero_point", params.requantized_format, 1, "added before the result is clipped"),
    )
    return StreamPort("epilogue", "in", fields, False, "one beat for each row of O, all rows of a task")


def _summary(params: AttentionParams) -> StreamPort:
    fields = [
        Field("maximum", params.maximum_format, 1, "the row's largest logit rounded up; the lowest value: no key"),
        Field("empty", FLAG, 1, "1: the row saw no key, its results are 0"),
    ]
    if params.softmax == "unified_max":
        doc = "1: the maximum is above the row's offset, or more than slack_bits below: send the row again with it"
        fields.append(Field("redo", FLAG, 1, doc))
    return StreamPort("summary", "out", tuple(fields), True, "one beat for each row of O; last marks a task's last row")
