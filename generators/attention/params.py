"""Parameters of the attention family and every width derived from them; no hardware import."""

from functools import cached_property
from typing import ClassVar, Literal, cast

from pydantic import Field

from ...errors import must
from ...hdl.formats import Format, Integer, product_range, width_of
from ...hdl.piecewise_shape import PiecewiseShape
from ...hdl.polynomial_shape import PolynomialShape
from ...hdl.ports import bytes_for
from ...hdl.requantize_shape import SHIFT_BITS
from ..params import FamilyParams, FormatField
from .functions import exponential_shape, reciprocal_shape

__all__ = ["AttentionParams"]

INT8 = Integer(8)
WIDEST_SUM = 48
GUARD_BITS = 4
"""Bits of a normalised accumulator below a unit of the mean."""


LEAST_WEIGHT_BITS = 7
"""Bits that a row's largest weight has at least where the maximum is given: each octave below it costs one."""


class AttentionParams(FamilyParams):
    """An engine for O = softmax(scale * Q K^T + mask) V that holds some rows of Q while keys and values stream by."""

    title: ClassVar[str] = "Attention"

    rows: int = Field(16, ge=1, le=256, description="rows of Q held at once; every key and value serves all of them")
    e: int = Field(64, ge=2, le=256, description="elements of a row of Q and of a key")
    f: int = Field(64, ge=2, le=256, description="elements of a value and of a result")
    e_lanes: int = Field(16, ge=1, le=256, description="multipliers of a row for Q K^T: elements of a key in a cycle")
    f_lanes: int = Field(16, ge=1, le=256, description="multipliers of a row for weights times V: elements in a cycle")
    key_tile: int = Field(
        32, ge=1, le=1024, description="keys at once in `tiles`; a tile that is all masked is skipped"
    )
    q_format: FormatField = Field(INT8, description="format of Q: int2 to int8")
    kv_format: FormatField = Field(INT8, description="format of K and V as they travel: int2 to int8")
    kv_scale_bits: int | None = Field(
        None, ge=1, le=7, description="bits of the unsigned group scales of K and V; null leaves dequantisation out"
    )
    kv_group: int = Field(
        0, ge=0, le=256, description="elements of a key or value that share a scale; 0: all that come in a cycle"
    )
    softmax: Literal["online", "unified_max", "three_pass"] = Field(
        "online", description="maximum followed and sums rescaled; a given maximum, checked; or K read three times"
    )
    slack_bits: int | None = Field(
        None,
        ge=1,
        le=13,
        description="unified_max: octaves that a row's maximum may lie below the given one; null: up to 6",
    )
    mask: Literal["stop", "window", "sink"] = Field(
        "sink", description="what bounds a row's keys: an end; also a start; also some first keys that always count"
    )
    exponential: Literal["table", "polynomial"] = Field(
        "table", description="2**-x from a table with straight pieces between its entries, or from a polynomial"
    )
    exponential_accuracy: int = Field(12, ge=6, le=15, description="error of 2**-x is at most 2**-this")
    weight_bits: int = Field(20, ge=8, le=20, description="bits of a softmax weight, which is at most 1")
    logit_fraction: int = Field(10, ge=4, le=12, description="fraction bits of a logit in base 2")
    logit_integer: int = Field(10, ge=4, le=12, description="bits of a logit in base 2 above them, sign included")
    scale_bits: int = Field(16, ge=2, le=24, description="bits of the unsigned multiplier from scores to logits")
    max_length: int = Field(1 << 20, ge=1, le=1 << 20, description="longest sequence; counters and sums follow from it")
    output_fraction: int = Field(6, ge=0, le=8, description="fraction bits of a result before requantisation")
    requantize: bool = Field(False, description="scale, round, offset and clip results to output_format on chip")
    output_format: FormatField = Field(INT8, description="format of O after requantize; without it O is the mean of V")
    multiplier_bits: int = Field(16, ge=2, le=24, description="bits of the unsigned requantisation multiplier")

    def check_together(self) -> None:
        """Refuse combinations that cannot mean anything or could be silently wrong."""
        self._check_sizes()
        self._check_formats()
        self._check_options()
        if self.accumulator_bits > WIDEST_SUM:
            raise must("Attention weight_bits", f"give an accumulator of at most {WIDEST_SUM} bits", self.weight_bits)

    def _check_sizes(self) -> None:
        for name, size in (("e_lanes", "e"), ("f_lanes", "f")):
            if getattr(self, size) % getattr(self, name):
                raise must(f"Attention {name}", f"divide {size}={getattr(self, size)}", getattr(self, name))
        for lanes in (self.e_lanes, self.f_lanes):
            if self.kv_group and lanes % self.kv_group:
                raise must(
                    "Attention kv_group", f"divide e_lanes={self.e_lanes}, f_lanes={self.f_lanes}", self.kv_group
                )

    def _check_formats(self) -> None:
        for name in ("q_format", "kv_format"):
            form = getattr(self, name)
            if not isinstance(form, Integer) or not form.is_signed or form.bits > INT8.bits:
                raise must(f"Attention {name}", "be int2 to int8", form.name)
        if self.requantize and not isinstance(self.output_format, Integer):
            raise must("Attention output_format", "be an integer format", self.output_format.name)
        most = self.weight_bits - LEAST_WEIGHT_BITS
        if self.slack_bits is not None and self.slack_bits > most:
            raise must(
                "Attention slack_bits", f"be at most weight_bits - {LEAST_WEIGHT_BITS} = {most}", self.slack_bits
            )
        if self.weight_bits < self.exponential_accuracy:
            raise must(
                "Attention exponential_accuracy",
                f"be at most weight_bits={self.weight_bits}",
                self.exponential_accuracy,
            )

    def _check_options(self) -> None:
        needs = {
            "kv_group": ("kv_scale_bits", self.kv_scale_bits is not None),
            "slack_bits": ("softmax=unified_max", self.softmax == "unified_max"),
            "output_format": ("requantize", self.requantize),
            "multiplier_bits": ("requantize", self.requantize),
        }
        without = {name: None if there else f"in a design without {option}" for name, (option, there) in needs.items()}
        self.refuse_unused(without)

    @property
    def slack(self) -> int:
        """Octaves that a row's maximum may lie below a given one before the row is done again."""
        return min(6, self.weight_bits - LEAST_WEIGHT_BITS) if self.slack_bits is None else self.slack_bits

    @property
    def key_beats(self) -> int:
        """Beats of `k` for a key."""
        return self.e // self.e_lanes

    @property
    def value_beats(self) -> int:
        """Beats of `v` for a value."""
        return self.f // self.f_lanes

    @property
    def slot(self) -> int:
        """Cycles in which a key and a value are taken: what the slower of the two arrays needs."""
        return max(self.key_beats, self.value_beats)

    @property
    def multipliers(self) -> int:
        """Multipliers of both arrays."""
        return self.rows * (self.e_lanes + self.f_lanes)

    @property
    def operand_format(self) -> Integer:
        """Format of K and V at the multipliers: int8 after dequantisation, else as they travel."""
        return cast("Integer", self.kv_format) if self.kv_scale_bits is None else INT8

    @property
    def kv_scale_format(self) -> Integer:
        """Format of the group scales of K and V."""
        return Integer(self.kv_scale_bits or 1, is_signed=False)

    def scale_lanes(self, lanes: int) -> int:
        """Return the scales that come with so many elements."""
        return lanes // (self.kv_group or lanes)

    @property
    def score_bits(self) -> int:
        """Bits of a signed score, the product of a row of Q with a key."""
        lo, hi = product_range(self.q_format, self.operand_format)
        return width_of(lo * self.e, hi * self.e)[0]

    @property
    def scale_format(self) -> Integer:
        """Format of the multiplier from scores to logits."""
        return Integer(self.scale_bits, is_signed=False)

    @property
    def shift_format(self) -> Integer:
        """Format of a shift: 0 to 63."""
        return Integer(SHIFT_BITS, is_signed=False)

    @property
    def logit_format(self) -> Integer:
        """Format of a logit in units of ``2**-logit_fraction``; it saturates, and `lower` refuses what could."""
        return Integer(self.logit_integer + self.logit_fraction)

    @property
    def maximum_format(self) -> Integer:
        """Format of a maximum: a logit rounded up to a whole octave; its lowest value stands for no key at all."""
        return Integer(self.logit_integer + 1)

    @property
    def no_key(self) -> int:
        """Return the maximum of a row before its first key: what the lowest logit rounds up to."""
        return -(1 << (self.logit_integer - 1))

    @cached_property
    def exponential_shape(self) -> PiecewiseShape | PolynomialShape:
        """Return ``2**-x`` for x from 0 to 1 in units of ``2**-logit_fraction``, as `weight_bits` fraction bits."""
        return exponential_shape(self.exponential, self.exponential_accuracy, self.logit_fraction, self.weight_bits)

    @cached_property
    def reciprocal_shape(self) -> PiecewiseShape:
        """Return ``1 / (1 + x)`` for x from 0 to 1."""
        return reciprocal_shape()

    @property
    def largest_weight(self) -> int:
        """Return the weight of a key at the maximum, or a little below it."""
        return self.exponential_shape.y_range[1]

    @property
    def sum_bits(self) -> int:
        """Bits of the sum of max_length weights, which is not negative."""
        return (self.largest_weight * self.max_length).bit_length()

    @property
    def accumulator_bits(self) -> int:
        """Bits of a signed accumulator that no sum of max_length weighted values can overflow."""
        most = self.largest_weight * self.max_length
        return width_of(most * self.operand_format.lo, most * self.operand_format.hi)[0]

    @property
    def key_bits(self) -> int:
        """Bits of a key's number."""
        return max((self.max_length - 1).bit_length(), 1)

    @property
    def bound_format(self) -> Integer:
        """Format of a bound on keys' numbers: 0 to max_length."""
        return Integer(self.max_length.bit_length(), is_signed=False)

    @property
    def normal_fraction(self) -> int:
        """Fraction bits of a normalised accumulator."""
        return self.output_fraction + GUARD_BITS

    @property
    def mean_format(self) -> Integer:
        """Format of a weighted mean of values, with output_fraction bits; one more bit for the reciprocal's error."""
        return Integer(self.operand_format.bits + self.output_fraction + 1)

    @property
    def o_format(self) -> Format:
        """Format of O at the port: output_format, or the mean sign-extended to whole bytes."""
        return self.output_format if self.requantize else Integer(8 * bytes_for(self.mean_format.bits))

    @property
    def requantized_format(self) -> Integer:
        """`output_format`, which is an integer format wherever it is used."""
        return cast("Integer", self.output_format)

    @property
    def multiplier_format(self) -> Integer:
        """Format of the requantisation multiplier."""
        return Integer(self.multiplier_bits, is_signed=False)
