"""The streams of the systolic family, from its parameters; no hardware import."""

from ...hdl.formats import Integer
from ...hdl.ports import Field, StreamPort
from .params import SystolicParams

__all__ = ["epilogue_is_streamed", "epilogue_lanes", "moving_name", "stationary_name", "stream_ports"]

_K = "lane i holds element i of the step along K"


def moving_name(params: SystolicParams) -> str:
    """Return the operand that streams through (weight_ and input_stationary)."""
    return "b" if params.dataflow == "input_stationary" else "a"


def stationary_name(params: SystolicParams) -> str:
    """Return the operand that stays in the PEs (weight_ and input_stationary)."""
    return "a" if params.dataflow == "input_stationary" else "b"


def epilogue_lanes(params: SystolicParams) -> int:
    """Return the output channels in one epilogue beat: those of a tile, or the one of an input_stationary beat."""
    return 1 if epilogue_is_streamed(params) else params.cols


def epilogue_is_streamed(params: SystolicParams) -> bool:
    """Whether the epilogue comes with every beat of C, which is one output channel, and not once for a tile."""
    return params.dataflow == "input_stationary"


def stream_ports(params: SystolicParams) -> tuple[StreamPort, ...]:
    """Return the streams `a`, `b`, `epilogue` (where there is one) and `c`, in this order."""
    operands = _stationary_operands(params) if params.stationary else _moving_operands(params)
    epilogue = (_epilogue(params),) if params.has_epilogue else ()
    doc = (
        "lane j: column j of the tile, a beat each row"
        if params.dataflow != "input_stationary"
        else ("lane j: row j of the tile, a beat each column")
    )
    c = StreamPort(
        "c", "out", (Field("data", params.c_format, params.cols, doc),), True, "last marks the end of a tile"
    )
    return (*operands, *epilogue, c)


def _moving_operands(params: SystolicParams) -> tuple[StreamPort, ...]:
    a = Field(
        "data", params.a_wire, params.rows * params.reduce, "lane r*reduce+d: row r, element d of the step along K"
    )
    b = Field(
        "data", params.b_wire, params.cols * params.reduce, "lane c*reduce+d: column c, element d of the step along K"
    )
    return (
        StreamPort("a", "in", (a,), True, "one step along K a beat; last ends the reduction"),
        StreamPort("b", "in", (b,), False, "one step along K a beat, in step with a"),
    )


def _stationary_operands(params: SystolicParams) -> tuple[StreamPort, ...]:
    wire = {"a": params.a_wire, "b": params.b_wire}
    moving, stationary = moving_name(params), stationary_name(params)
    moves = Field("data", wire[moving], params.rows * params.reduce, _K)
    stays = Field(
        "data", wire[stationary], params.cols * params.reduce, "lane c*reduce+d: column c, element d of the row"
    )
    both = {
        moving: StreamPort(
            moving, "in", (moves,), True, "one vector along K a beat; last ends the pass over these weights"
        ),
        stationary: StreamPort(
            stationary,
            "in",
            (stays,),
            True,
            f"{params.rows} beats a pass, along K; last marks the reduction's last pass",
        ),
    }
    return both["a"], both["b"]


def _epilogue(params: SystolicParams) -> StreamPort:
    lanes = epilogue_lanes(params)
    fields = [Field("bias", params.bias_format, lanes, "added to the sum")] if params.bias else []
    if params.requantize:
        fields += [
            Field("multiplier", params.multiplier_format, lanes, "multiplies the biased sum"),
            Field("shift", params.shift_format, lanes, "bits dropped after multiplying, rounding half to even"),
            Field("zero_point", params.output_format, 1, "added before the result is clipped"),
        ]
        if params.activation != "none":
            fields.append(Field("activate", Integer(1, is_signed=False), 1, f"1 applies {params.activation}"))
    scope = "row of C" if params.dataflow == "input_stationary" else "tile of C"
    return StreamPort("epilogue", "in", tuple(fields), False, f"one beat for each {scope}".replace("row", "beat"))
