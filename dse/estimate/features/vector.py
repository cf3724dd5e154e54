"""What the vector units are made of: the same kinds of parts, in each unit's own widths."""

from collections.abc import Iterable
from typing import Any

from ....generators.vector.activation_shape import ActivationShape
from ....generators.vector.norm_shape import NormShape
from ....generators.vector.params import ACTIVATIONS, NORMS
from ....generators.vector.ports import stream_ports
from ....generators.vector.softmax_shape import SoftmaxShape
from ....generators.vector.timing import back_latency, held_beats, held_vectors, tree_latency
from ....hdl.formats import Integer, width_of
from ....hdl.piecewise_shape import PiecewiseShape
from ....hdl.requantize_shape import SHIFT_BITS
from .counts import Counts, grouped, products

__all__ = ["GROUPS", "features", "last_scaling"]

GROUPS = {
    "scaling": ("requantize", "requantize_lane"),
    "tables": ("piecewise",),
    "lanes": ("activation_lane", "turn", "power"),
    "sums": ("norm_spread", "softmax_powers", "softmax_total", "leading_one"),
    "waiting": ("hold", "queue", "memory"),
    "exit": ("skid_buffer",),
}
"""Group -> labels of its modules; what is in none is ``control``."""

FLIP_FLOP_BITS = 1024
"""A memory of more bits is a macro."""

CORRECTED = 6
"""Cycles for which x waits for its correction, and what multiplies it."""

SUMMED = 6
"""Cycles from a norm's sums to its root."""


def features(p: Any) -> Counts:
    """Return counts by group and name, of one design."""
    return {
        **grouped("scaling", _joined(_requantizer(p.lanes, *one) for one in _scaled(p))),
        **grouped("tables", _joined([{"entry bits": 0}, *(_table(*one) for one in _tables(p))])),
        **grouped("lanes", _lanes(p)),
        **grouped("sums", _sums(p)),
        **grouped("waiting", _waiting(p)),
        **grouped("exit", {"bits": p.lanes * p.o_format.bits + 1}),
        **grouped("control", _control(p)),
    }


def last_scaling(p: Any) -> Counts:
    """Return the counts of the requantisers that results leave by."""
    return _requantizer(p.lanes, *_scaled(p)[-1])


def _joined(several: Iterable[Counts]) -> Counts:
    """Return the sum of counts."""
    total: Counts = {}
    for counts in several:
        for name, count in counts.items():
            total[name] = total.get(name, 0) + count
    return total


def _whole(bits: int, is_signed: bool = True) -> Integer:
    """Return the format of so many bits."""
    return Integer(bits, is_signed=is_signed)


def _turned_bits(p: Any) -> int:
    """Return the bits of a turned element."""
    most = 2 * p.x_format.lo * p.angle.lo
    return width_of(-most, most)[0]


def _scaled(p: Any) -> list[tuple[int, int, int]]:
    """Return bits of the sum, of the result and of the multiplier of each row of requantisers."""
    out, factor = p.o_format.bits, p.multiplier_bits
    if p.unit == "softmax":
        s = SoftmaxShape(p)
        return [(p.x_format.bits + s.lift, s.score.bits, factor), (s.held_bits + 2, out, s.reciprocal_width)]
    if p.unit in NORMS:
        n = NormShape(p)
        return [(n.deviation.bits, n.normal.bits, n.root_width), (n.total_bits, out, factor)]
    if p.unit in ACTIVATIONS:
        a = ActivationShape(p)
        return [(p.x_format.bits + a.lift, a.argument.bits, factor), (a.sum_bits, out, 1)]
    return [(_turned_bits(p), out, factor)]


def _requantizer(lanes: int, total: int, result: int, factor: int) -> Counts:
    """Return product, rounding shift, and what rounds and clips; each level of the shift as wide as it has to be."""
    width, moved, dropped = total + factor, 0, 0
    for distance in (1 << level for level in reversed(range(SHIFT_BITS))):
        kept = min(width, result + distance)
        moved, dropped = moved + kept, dropped + min(width - kept + distance, width)
        width = kept
    return {
        **products(_whole(total), _whole(factor, False), lanes),
        "register bits": lanes * (total + factor + SHIFT_BITS + 2 * result + 2) + 2 * result,
        "shifted bits": lanes * moved,
        "dropped bits": lanes * dropped,
        "clipped bits": lanes * result,
        "lanes": lanes,
    }


def _tables(p: Any) -> list[tuple[PiecewiseShape, int]]:
    """Return each table and how often it is there."""
    if p.unit == "softmax":
        return [(SoftmaxShape(p).power_table, p.lanes), (SoftmaxShape(p).reciprocal_table, 1)]
    if p.unit in NORMS:
        return [(NormShape(p).root_table, 1)]
    return [(ActivationShape(p).table, p.lanes)] if p.unit in ACTIVATIONS else []


def _table(shape: PiecewiseShape, copies: int) -> Counts:
    """Return the entries, the product with what lies below a segment, and the sum."""
    base, slope = (width_of(min(entries), max(entries)) for entries in (shape.base, shape.slope))
    held = base[0] + slope[0] + shape.rest_bits + width_of(*shape.y_range)[0]
    product = products(_whole(*slope), _whole(shape.rest_bits, False), copies) if shape.rest_bits else {}
    return {
        **product,
        "entry bits": copies * shape.segments * (base[0] + slope[0]),
        "register bits": copies * held,
        "adder bits": copies * base[0],
    }


def _lanes(p: Any) -> Counts:
    """Return what turns a pair, corrects an element, or shifts a power."""
    x, factor = p.x_format.bits, p.multiplier_bits
    if p.unit == "rope":
        pairs, bits = p.lanes // 2, _turned_bits(p)
        held = pairs * (4 * (x + p.angle.bits) + 2 * bits)
        return {**products(p.x_format, p.angle, 4 * pairs), "register bits": held, "adder bits": pairs * 2 * bits}
    if p.unit in ACTIVATIONS:
        a = ActivationShape(p)
        gap, gap_signed = width_of(*a.table.y_range)
        unsigned = _whole(factor, False)
        both = [products(_whole(bits, s), unsigned, p.lanes) for bits, s in ((x - 1, False), (gap, gap_signed))]
        held = a.argument.bits + 2 + CORRECTED * (x - 1) + x - 1 + gap + 2 * factor + a.sum_bits
        return {
            **_joined(both),
            "register bits": p.lanes * held,
            "adder bits": p.lanes * a.sum_bits,
            "negated bits": p.lanes * (a.argument.bits + gap),
        }
    if p.unit == "softmax":
        s = SoftmaxShape(p)
        power, octaves = s.power_bits + 1, s.score.bits + 1 - p.fraction
        return {
            "register bits": p.lanes * (2 * octaves + 2 + power),
            "shifted bits": p.lanes * power * power.bit_length(),
        }
    return {"register bits": 0}


def _tree(values: int) -> int:
    """Return the registers of a tree: after every second level, and the last."""
    held, level = 0, 0
    while values > 1:
        values, level = -(-values // 2), level + 1
        held += values * (level % 2 == 0 or values == 1)
    return held


def _normalised(width: int) -> Counts:
    """Return what moves a leading one to the top."""
    levels = (width - 1).bit_length()
    return {"normalised bits": width * levels, "register bits": 2 * width + 2 * levels}


def _sums(p: Any) -> Counts:
    """Return what adds up a vector, and what follows from its sum."""
    if p.unit in NORMS:
        return _joined([_spread(p), _normalised(NormShape(p).spread_bits + 1)])
    if p.unit == "softmax":
        return _joined([_powers(p), _total(p), _normalised(SoftmaxShape(p).sum_bits)])
    return {"register bits": 0}


def _beat_bits(p: Any) -> int:
    """Return the bits of a number of beats."""
    return max(int(p.max_beats - 1).bit_length(), 1)


def _spread(p: Any) -> Counts:
    """Return the squares, the sums, and what the spread is made of."""
    n, x, tree = NormShape(p), p.x_format.bits, tree_latency(p.lanes)
    count, total, squares, spread = n.count.bits, n.centres * n.sum_format.bits, n.square_bits, n.spread_bits
    several = [products(p.x_format, p.x_format, p.lanes), products(_whole(count, False), _whole(squares, False), 1)]
    if n.centres:
        several.append(products(n.sum_format, n.sum_format, 1))
    added = 2 * x + n.centres * x
    late = (SUMMED - 1) * (count + total) + (SUMMED + 1) * _beat_bits(p)
    held = p.lanes * added + _tree(p.lanes) * added + count + total + squares + (3 + n.centres + tree + 2) * spread
    sums = count + total + squares + (1 + n.centres) * spread
    return _joined([*several, {"register bits": held + late, "adder bits": (p.lanes - 1) * added + sums, "units": 1}])


def _powers(p: Any) -> Counts:
    """Return what finds a beat's peak, and each score's distance from it."""
    s, tree = SoftmaxShape(p), tree_latency(p.lanes)
    peak, score = s.peak.bits, s.score.bits
    held = p.lanes * (peak + (1 + tree) * score + 2 + tree + score + 1) + (_tree(p.lanes) + 4) * peak
    return {
        "register bits": held,
        "adder bits": p.lanes * (peak + score + 1),
        "compared bits": (p.lanes - 1) * peak,
    }


def _total(p: Any) -> Counts:
    """Return what sums up powers below a running maximum."""
    s, tree = SoftmaxShape(p), tree_latency(p.lanes)
    peak, beat, total = s.peak.bits, s.beat_bits, s.sum_bits
    held = (_tree(p.lanes) * (s.power_bits + 2)) + 2 * beat + total + (tree + 8) * peak + 2 * s.base_bits
    return {
        "register bits": held + 5 * _beat_bits(p),
        "adder bits": (p.lanes - 1) * (s.power_bits + 2) + total + 2 * peak + s.base_bits,
        "compared bits": peak,
        "shifted bits": beat * beat.bit_length() + total * total.bit_length(),
        "units": 1,
    }


def _waiting(p: Any) -> Counts:
    """Return memories small enough to be flip-flops, and what addresses all of them."""
    if not p.holds:
        return {"stored bits": 0}
    rings = [(_held_bits(p), held_beats(p)), (_beat_bits(p) + _result_bits(p), held_vectors(p) - 1)]
    if p.unit in NORMS:
        fields = p.multiplier_bits + SHIFT_BITS + p.o_format.bits
        rings.append((fields, held_vectors(p) + back_latency(p) - 1))
    small = [(width, rows) for width, rows in rings if width * rows <= FLIP_FLOP_BITS]
    return {
        "stored bits": sum(width * rows for width, rows in small),
        "read bits": sum(width for width, _ in small),
        "address bits": sum(3 * rows.bit_length() for _, rows in rings) + 2 * _beat_bits(p),
        "design": 1,
    }


def _held_bits(p: Any) -> int:
    """Return the bits of a beat that waits."""
    if p.unit in NORMS:
        return int(p.lanes * p.x_format.bits)
    s = SoftmaxShape(p)
    return int(p.lanes * (s.held_bits + 1) + s.peak.bits)


def _result_bits(p: Any) -> int:
    """Return the bits of what is found of a vector."""
    if p.unit == "softmax":
        return SoftmaxShape(p).reciprocal_width + SoftmaxShape(p).base_bits
    n = NormShape(p)
    return int(n.count.bits + n.centres * n.sum_format.bits + (n.spread_bits // 2).bit_length() + n.root_width)


def _control(p: Any) -> Counts:
    """Return the entrances' registers, what waits for its cycle, and a norm's own products."""
    entered = sum(port.width + port.last for port in stream_ports(p) if port.direction == "in")
    common = {"entrance bits": entered, "design": 1}
    ending = SHIFT_BITS + p.o_format.bits
    if p.unit in ACTIVATIONS:
        held = 2 * p.multiplier_bits * CORRECTED + (CORRECTED + 2) * ending + 2 * back_latency(p)
        return {**common, "register bits": held}
    if p.unit == "rope":
        return {**common, "register bits": 2 * (p.multiplier_bits + ending) + 2 * back_latency(p)}
    if p.unit == "softmax":
        s, result = SoftmaxShape(p), _result_bits(p)
        held = 3 * p.lanes + p.lanes * (s.held_bits + 1) + result + s.reciprocal_width + SHIFT_BITS
        held += 3 * (8 + 2 * tree_latency(p.lanes)) + 2 * back_latency(p)
        return {**common, "register bits": held, "adder bits": 2 * s.base_bits}
    return _joined([common, *_elements(p)])


def _elements(p: Any) -> list[Counts]:
    """Return a norm's products: of each element with N, and with gamma."""
    n, x = NormShape(p), p.x_format
    times = x.bits + n.count.bits
    held = p.lanes * (times + n.deviation.bits) + _result_bits(p) + n.centres * n.sum_format.bits
    held += 2 * (n.root_width + SHIFT_BITS) + 2 * back_latency(p)
    both = [products(x, _whole(n.count.bits, False), p.lanes)]
    if p.has_gamma:
        both.append(products(n.normal, p.gamma, p.lanes))
        held += p.lanes * n.beta.bits + p.has_beta * p.lanes * (n.beta.bits + n.total_bits)
    added = p.lanes * (n.centres * n.deviation.bits + p.has_beta * n.total_bits)
    return [*both, {"register bits": held, "adder bits": added}]
