"""Parameters of the vector family; the widths that follow from them stand in the units' shapes; no hardware import."""

from typing import ClassVar, Literal, cast

from pydantic import Field

from ...errors import must
from ...hdl.formats import Integer
from ...hdl.requantize_shape import SHIFT_BITS
from ..params import FamilyParams, FormatField

__all__ = ["ACTIVATIONS", "NORMS", "UNITS", "USES", "Unit", "VectorParams"]

Unit = Literal["softmax", "layernorm", "rmsnorm", "gelu", "silu", "rope"]
UNITS: tuple[Unit, ...] = ("softmax", "layernorm", "rmsnorm", "gelu", "silu", "rope")
NORMS = ("layernorm", "rmsnorm")
ACTIVATIONS = ("gelu", "silu")
FEWEST_BITS = 4
MOST_FRACTION_BITS = 20
LARGEST_FACTOR = 16
"""Bits that gamma and the angles may have."""

USES: dict[str, tuple[str, ...]] = {
    "max_length": ("softmax", *NORMS),
    "fraction_bits": ("softmax", *NORMS, *ACTIVATIONS),
    "table_bits": ("softmax", *NORMS, *ACTIVATIONS),
    "affine": NORMS,
    "gamma_format": NORMS,
    "pairing": ("rope",),
    "angle_format": ("rope",),
}
"""Parameters that some units have no use for, and the units that have."""


class VectorParams(FamilyParams):
    """One unit that vectors stream through, `lanes` elements a cycle."""

    title: ClassVar[str] = "Vector"

    unit: Unit = Field("gelu", description="the function, and the name of the operation")
    lanes: int = Field(4, ge=1, le=64, description="elements in a beat: so many are computed in each cycle")
    max_length: int = Field(
        1024, ge=1, le=16384, description="softmax, norms: the longest vector; what is held and summed follows from it"
    )
    input_format: FormatField = Field(Integer(8), description="format of x: int4 to int16")
    output_format: FormatField | None = Field(
        None, description="format of the result, 4 to 16 bits, unsigned for softmax; null is uint8 for it, else int8"
    )
    fraction_bits: int | None = Field(
        None,
        ge=4,
        le=MOST_FRACTION_BITS,
        description="accuracy: bits below the point of the function's argument (softmax, gelu, silu) or of the "
        "normalised value (norms); null derives them from output_format",
    )
    table_bits: int = Field(
        5, ge=1, le=8, description="accuracy: 2**table_bits straight pieces a unit (gelu, silu) or an octave (others)"
    )
    multiplier_bits: int = Field(16, ge=2, le=24, description="bits of the unsigned multipliers that scale")
    affine: Literal["none", "gamma", "gamma_beta"] | None = Field(
        None, description="norms: what each element is multiplied by, and added; null is gamma_beta, gamma for rmsnorm"
    )
    gamma_format: FormatField = Field(Integer(8), description="norms: format of gamma, int4 to int16")
    pairing: Literal["adjacent", "halves"] = Field(
        "adjacent", description="rope: which elements turn together, 2i and 2i+1, or i and i + N/2"
    )
    angle_format: FormatField = Field(Integer(16), description="rope: format of cosines and sines, int4 to int16")

    def check_together(self) -> None:
        """Refuse formats that no unit has, and parameters that this one has no use for."""
        self._check_unused()
        for name in ("input_format", "gamma_format", "angle_format"):
            form = getattr(self, name)
            if not isinstance(form, Integer) or not form.is_signed or form.bits < FEWEST_BITS:
                raise must(f"Vector {name}", "be int4 to int16", form.name)
        unsigned = "uint4 to uint16" if self.unit == "softmax" else "int4 to int16 or uint4 to uint16"
        out = self.o_format
        if not isinstance(out, Integer) or out.bits < FEWEST_BITS or (self.unit == "softmax" and out.is_signed):
            raise must("Vector output_format", f"be {unsigned} for {self.unit}", out.name)
        if self.unit == "rope" and self.lanes % 2:
            raise must("Vector lanes", "be even for rope", self.lanes)
        if self.unit != "rope" and self.table_bits > self.fraction:
            raise must("Vector table_bits", f"be at most fraction_bits={self.fraction}", self.table_bits)

    def _check_unused(self) -> None:
        self.refuse_unused({name: None if self.unit in units else f"for {self.unit}" for name, units in USES.items()})

    @property
    def x_format(self) -> Integer:
        """Format of x, an integer one."""
        return cast("Integer", self.input_format)

    @property
    def o_format(self) -> Integer:
        """Format of the result."""
        if self.output_format is None:
            return Integer(8, is_signed=self.unit != "softmax")
        return cast("Integer", self.output_format)

    @property
    def fraction(self) -> int:
        """Bits below the point: `fraction_bits`, or 3 (gelu, silu), 2 (norms) or 4 more than the result has."""
        if self.fraction_bits is not None:
            return self.fraction_bits
        more = 3 if self.unit in ACTIVATIONS else 2 if self.unit in NORMS else 4
        return min(self.o_format.bits + more, MOST_FRACTION_BITS)

    @property
    def holds(self) -> bool:
        """Whether the unit must have seen a whole vector before its first result."""
        return self.unit == "softmax" or self.unit in NORMS

    @property
    def max_beats(self) -> int:
        """Beats of the longest vector."""
        return -(-self.max_length // self.lanes)

    @property
    def has_gamma(self) -> bool:
        """Whether a norm's elements are multiplied."""
        return self.unit in NORMS and self.affine != "none"

    @property
    def has_beta(self) -> bool:
        """Whether something is added to a norm's elements."""
        if self.affine is None:
            return self.unit == "layernorm"
        return self.unit in NORMS and self.affine == "gamma_beta"

    @property
    def gamma(self) -> Integer:
        """Format of gamma."""
        return cast("Integer", self.gamma_format)

    @property
    def angle(self) -> Integer:
        """Format of cosines and sines."""
        return cast("Integer", self.angle_format)

    @property
    def multiplier_format(self) -> Integer:
        """Format of the multipliers."""
        return Integer(self.multiplier_bits, is_signed=False)

    @property
    def shift_format(self) -> Integer:
        """Format of the shifts: 0 to 63."""
        return Integer(SHIFT_BITS, is_signed=False)

    @property
    def products(self) -> int:
        """Multiplications for one element, those for a whole vector left out."""
        if self.unit in NORMS:
            # The square, N x, by the reciprocal root, by gamma, by the output's scale.
            return 4 + self.has_gamma
        return {"softmax": 3, "rope": 3}.get(self.unit, 4)
