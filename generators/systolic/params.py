"""Parameters of the systolic family and every width derived from them; no hardware import."""

from functools import cached_property
from typing import ClassVar, Literal, cast

from pydantic import Field

from ...errors import InputError, must
from ...hdl.formats import TERNARY, Format, Integer, product_range, width_of
from ...hdl.packed_shape import MULTIPLIERS, PackedShape
from ...hdl.ports import bytes_for
from ...hdl.requantize_shape import SHIFT_BITS
from ..params import FamilyParams, FormatField

__all__ = ["SystolicParams"]

INT8 = Integer(8)
PACKED_BITS = max(kind.wide for kind in MULTIPLIERS.values())
"""Bits of a packed operand in the widest multiplier; the other operand always fits."""


class SystolicParams(FamilyParams):
    """A rows x cols array of processing elements (PEs) for C = A x B, A being (M, K) and B being (K, N)."""

    title: ClassVar[str] = "Systolic"

    rows: int = Field(8, ge=1, le=256, description="PE rows: M for output_stationary, else K in steps of `reduce`")
    cols: int = Field(8, ge=1, le=256, description="PE columns: N, or M for input_stationary")
    dataflow: Literal["output_stationary", "weight_stationary", "input_stationary"] = Field(
        "output_stationary", description="which operand stays in the PEs: the sums C, the weights B or the inputs A"
    )
    a_format: FormatField = Field(INT8, description="format of A")
    b_format: FormatField = Field(INT8, description="format of B")
    reduce: int = Field(1, ge=1, le=64, description="products summed inside each PE and cycle (dot product width)")
    broadcast: int = Field(1, ge=1, le=256, description="PEs that share one operand register; 1 hops PE by PE")
    pipeline: int = Field(
        1, ge=0, le=3, description="register stages between operands and sum: 1 product, 2 dot product, 3 operands"
    )
    packing: bool = Field(
        False,
        description="two neighbouring rows share each multiplier, their products packed side by side (output_"
        "stationary; int8 fits the 25x18 bits of a DSP48)",
    )
    max_reduction: int = Field(65536, ge=1, le=1 << 20, description="longest K; the accumulator width follows from it")
    accumulator_bits: int | None = Field(
        None, ge=4, le=48, description="accumulator width; null derives it from max_reduction"
    )
    overflow: Literal["exact", "saturate", "wrap"] = Field(
        "exact", description="what a sum does beyond the accumulator; exact means that it cannot get there"
    )
    accumulator_rows: int = Field(
        64,
        ge=1,
        le=4096,
        description="partial sums kept per column (weight_ and input_stationary): the tile's streamed length",
    )
    bias: bool = Field(False, description="add a bias per output channel on chip")
    requantize: bool = Field(False, description="scale, round, offset and clip the sums to output_format on chip")
    output_format: FormatField = Field(INT8, description="format of C after requantize; without it C is the exact sum")
    multiplier_bits: int = Field(16, ge=2, le=24, description="bits of the unsigned requantisation multiplier")
    activation: Literal["none", "relu", "squared_relu"] = Field(
        "none", description="activation that the requantiser can apply, switched per tile at run time"
    )

    def check_together(self) -> None:
        """Refuse combinations that cannot mean anything or could be silently wrong."""
        if self.overflow == "exact" and self.accumulator_bits is not None and self.accumulator_bits < self.exact_bits:
            raise must(
                "Systolic accumulator_bits",
                f"be at least {self.exact_bits} for max_reduction={self.max_reduction} unless it saturates or wraps",
                self.accumulator_bits,
            )
        if self.overflow != "exact" and self.accumulator_bits is None:
            raise InputError(f"Systolic accumulator_bits must be given where overflow is {self.overflow}")
        if self.activation != "none" and not self.requantize:
            raise InputError(f"Systolic activation must be none unless requantize is true, not {self.activation!r}")
        if self.requantize and not isinstance(self.output_format, Integer):
            raise must("Systolic output_format", "be an integer format", self.output_format.name)
        self._check_unused()
        if self.packing:
            self._check_packing()
        if self.exact_bits > 48:
            raise must("Systolic max_reduction", "give a sum of at most 48 bits", self.max_reduction)

    def _check_unused(self) -> None:
        """Refuse a value that the design has no unit for: it would be ignored."""
        requantizes = None if self.requantize else "in a design without requantize"
        self.refuse_unused(
            {
                "output_format": requantizes,
                "multiplier_bits": requantizes,
                "accumulator_rows": None if self.stationary else "in a design that is output_stationary",
                "max_reduction": None if self.overflow == "exact" else f"in a design that may {self.overflow}",
            }
        )

    def _check_packing(self) -> None:
        """Refuse rows that cannot share multipliers."""
        if self.stationary:
            raise must("Systolic dataflow", "be output_stationary with packing", self.dataflow)
        if self.rows % 2:
            raise must("Systolic rows", "be even with packing", self.rows)
        if self.broadcast % 2 and self.broadcast != 1:
            raise must("Systolic broadcast", "be 1 or even with packing", self.broadcast)
        bits, _ = self.packed.operands(signed_only=True)
        if bits > PACKED_BITS:
            rule = f"pack into at most {PACKED_BITS} bits (with b_format={self.b_format}: {bits})"
            raise must("Systolic a_format", rule, self.a_format.name)

    @property
    def packed(self) -> PackedShape:
        """How the products of two neighbouring rows, the even one lower, lie in one multiplier."""
        return PackedShape(self.a_wire, self.a_wire, self.b_wire)

    @property
    def pe_rows(self) -> int:
        """Rows of the array that one PE serves."""
        return 2 if self.packing else 1

    @property
    def stationary(self) -> bool:
        """Whether an operand, and not the sum, stays in the PEs."""
        return self.dataflow != "output_stationary"

    @property
    def needs_zero(self) -> bool:
        """Whether neither operand has a zero, so that A travels as ternary: padding must add nothing."""
        return not (self.a_format.has_zero or self.b_format.has_zero)

    @property
    def a_wire(self) -> Format:
        """Format in which A travels: its own, or ternary where padding would have no zero."""
        return TERNARY if self.needs_zero else self.a_format

    @property
    def b_wire(self) -> Format:
        """Format in which B travels: its own."""
        return self.b_format

    @property
    def step(self) -> int:
        """K elements that one pass through the array reduces exactly: saturation acts between such steps."""
        return self.rows * self.reduce if self.stationary else self.reduce

    def sum_range(self, products: int) -> tuple[int, int]:
        """Return the smallest and largest sum of up to that many products."""
        lo, hi = product_range(self.a_wire, self.b_wire)
        return min(lo * products, 0), max(hi * products, 0)

    @cached_property
    def exact_bits(self) -> int:
        """Bits of a signed accumulator in which no sum of max_reduction products, padding included, can overflow."""
        lo, hi = self.sum_range(self.max_reduction)
        bits, signed = width_of(lo, hi)
        return bits if signed else bits + 1

    @cached_property
    def sum_bits(self) -> int:
        """Bits of the signed accumulator."""
        return self.exact_bits if self.accumulator_bits is None else self.accumulator_bits

    @property
    def sum_format(self) -> Integer:
        """The accumulator as a format."""
        return Integer(self.sum_bits)

    @property
    def c_format(self) -> Format:
        """Format of C at the port: output_format, or the sum (with bias) sign-extended to whole bytes."""
        return self.output_format if self.requantize else Integer(8 * bytes_for(self.biased_bits))

    @property
    def biased_bits(self) -> int:
        """Bits of sum plus bias: one more than the sum where a bias is added."""
        return self.sum_bits + (1 if self.bias else 0)

    @property
    def requantized_format(self) -> Integer:
        """`output_format`, which is an integer format wherever it is used."""
        return cast("Integer", self.output_format)

    @property
    def bias_format(self) -> Integer:
        """Format of the bias: as wide as the accumulator."""
        return Integer(self.sum_bits)

    @property
    def multiplier_format(self) -> Integer:
        """Format of the requantisation multiplier."""
        return Integer(self.multiplier_bits, is_signed=False)

    @property
    def shift_format(self) -> Integer:
        """Format of the requantisation shift: holds any useful shift, 0 to 63."""
        return Integer(SHIFT_BITS, is_signed=False)

    @property
    def has_epilogue(self) -> bool:
        """Whether the `epilogue` stream exists."""
        return self.bias or self.requantize
