"""The streams of the vector family, from its parameters; no hardware import."""

from ...hdl.formats import Format, Integer
from ...hdl.ports import Field, StreamPort
from .activation_shape import ActivationShape
from .norm_shape import NormShape
from .params import ACTIVATIONS, NORMS, VectorParams
from .softmax_shape import SoftmaxShape

__all__ = ["count_format", "scale_formats", "stream_ports"]


def count_format(params: VectorParams) -> Integer:
    """Return the format of the number of elements in a vector's last beat."""
    return Integer(params.lanes.bit_length(), is_signed=False)


def scale_formats(params: VectorParams) -> dict[str, tuple[Format, str]]:
    """Return format and meaning of what comes once for each vector, by name."""
    multiplier, shift = params.multiplier_format, params.shift_format
    if params.unit == "softmax":
        return {
            "multiplier": (multiplier, _scales_x(SoftmaxShape(params).lift)),
            "shift": (shift, f"bits dropped then, giving octaves with {params.fraction} bits below the point"),
        }
    first: dict[str, tuple[Format, str]] = {}
    if params.unit in ACTIVATIONS:
        first = {
            "input_multiplier": (multiplier, f"for the table's argument {_scales_x(ActivationShape(params).lift)}"),
            "input_shift": (shift, f"bits dropped then, giving {params.fraction} bits below the point"),
        }
    if params.unit in NORMS:
        first = {"epsilon": (NormShape(params).epsilon, "added to N**2 times variance or mean square")}
    result: dict[str, tuple[Format, str]] = {"multiplier": (multiplier, "multiplies the result")}
    if params.unit in ACTIVATIONS:
        result = {
            "multiplier": (multiplier, f"multiplies x * 2**{ActivationShape(params).alignment} where it is positive"),
            "correction": (multiplier, "multiplies what is subtracted from it"),
        }
    result |= {
        "shift": (shift, "bits dropped then, rounding half to even"),
        "zero_point": (params.o_format, "added before the result is clipped"),
    }
    return first | result


def _scales_x(lift: int) -> str:
    """Say what a multiplier does."""
    return f"multiplies x * 2**{lift}" if lift else "multiplies x"


def stream_ports(params: VectorParams) -> tuple[StreamPort, ...]:
    """Return the streams `x`, `scale`, `affine` (norms), `angles` (rope) and `o`.

    A vector is a run of beats of `x` up to one with `last`. Each vector takes one beat of `scale`, each beat of `x` one
    of `affine` or `angles`, and gives one of `o`. Unused lanes of a vector's last beat give results without meaning.
    """
    return (
        _x(params),
        _scale(params),
        *((_affine(params),) if params.has_gamma else ()),
        *((_angles(params),) if params.unit == "rope" else ()),
        StreamPort("o", "out", (Field("data", params.o_format, params.lanes, "a result for each lane of x"),), True),
    )


def _x(params: VectorParams) -> StreamPort:
    doc = "consecutive elements"
    if params.unit == "rope":
        half = params.lanes // 2
        doc = {"adjacent": "lanes 2j and 2j+1: a pair", "halves": f"lanes j and j+{half}: a pair"}[params.pairing]
    fields = [Field("data", params.x_format, params.lanes, doc)]
    if params.holds and params.lanes > 1:
        fields.append(Field("count", count_format(params), 1, "with last: lanes in use; all are in other beats"))
    return StreamPort("x", "in", tuple(fields), True, "last ends the vector")


def _scale(params: VectorParams) -> StreamPort:
    fields = tuple(Field(name, form, 1, doc) for name, (form, doc) in scale_formats(params).items())
    return StreamPort("scale", "in", fields, False, "one beat a vector")


def _affine(params: VectorParams) -> StreamPort:
    fields = [Field("gamma", params.gamma, params.lanes, "multiplies the normalised element")]
    if params.has_beta:
        fields.append(Field("beta", NormShape(params).beta, params.lanes, "added to the product"))
    return StreamPort("affine", "in", tuple(fields), False, "one beat for each of x")


def _angles(params: VectorParams) -> StreamPort:
    pairs = params.lanes // 2
    fields = (Field("cos", params.angle, pairs, "of the pair's angle"), Field("sin", params.angle, pairs, "likewise"))
    return StreamPort("angles", "in", fields, False, "one beat for each of x")
