"""Parameters of the LUT family and every width derived from them; no hardware import."""

from functools import cached_property
from typing import ClassVar, Literal, cast

from pydantic import Field

from ...errors import InputError, must
from ...hdl.formats import TERNARY, Format, Integer
from ...hdl.ports import bytes_for
from ...hdl.requantize_shape import SHIFT_BITS
from ..params import FamilyParams, FormatField
from .planes import PlaneCode, plane_code
from .ranges import Ranges

__all__ = ["TRITS_PER_BYTE", "LutParams"]

TRITS_PER_BYTE = 5
"""Ternary weights in a byte: 3**5 = 243 codes."""
WIDEST_SUM = 48
INT8 = Integer(8)
INT2 = Integer(2)


class LutParams(FamilyParams):
    """A tile for O = A x W^T, A being (M, K) activations and W being (N, K) weights of few bits."""

    title: ClassVar[str] = "LUT"

    m: int = Field(2, ge=1, le=32, description="rows of A at once: one set of tables a row")
    n: int = Field(64, ge=1, le=256, description="rows of W (output channels) at once: the tables' readers")
    k: int = Field(1, ge=1, le=32, description="groups of `lookup` elements along K in a cycle")
    lookup: int = Field(4, ge=2, le=6, description="activations of one table: elements that one lookup multiplies")
    unit: Literal["lut", "add", "mac"] = Field(
        "lut", description="table lookup, or a baseline: conditional adders bit by bit, or integer multipliers"
    )
    weight_format: FormatField = Field(INT2, description="format of W: 1 to 8 bits")
    a_format: FormatField = Field(INT8, description="format of A: int4 to int16 or uint4 to uint16")
    planes: int = Field(1, ge=1, le=8, description="bit planes of W at once; the others follow, a cycle each")
    table: Literal["remapped", "half", "full"] = Field(
        "remapped",
        description="full table of 2^lookup sums, half by symmetry, or half with indices remapped offline",
    )
    precompute: Literal["shared", "private", "streamed"] = Field(
        "shared", description="who sums up table entries: one unit for all columns, each column, or the sender of A"
    )
    table_scale: Literal["exact", "table", "group"] = Field(
        "exact", description="exact entries, or INT8 ones with a power-of-two scale a table or a group"
    )
    accumulate: Literal["tree", "lane"] = Field(
        "tree", description="one accumulator behind an adder tree over k, or one for each of the k lookups"
    )
    pipeline: int = Field(0, ge=0, le=1, description="1 puts a register between lookup (and tree) and accumulator")
    segments: int | None = Field(
        None, ge=1, le=64, description="column segments, which finish one by one; null takes up to 8 columns in each"
    )
    group: int | None = Field(
        None, ge=2, le=1 << 16, description="K elements that share scales, or null: they are summed up on their own"
    )
    weight_scales: bool = Field(False, description="multiply each group's sum by an integer scale of W's row")
    activation_scales: bool = Field(False, description="multiply each group's sum by an integer scale of A's row")
    scale_bits: int = Field(8, ge=2, le=16, description="bits of the unsigned group scales")
    zero_points: bool = Field(False, description="subtract a zero point from unsigned weights, a row (and group) each")
    packed_ternary: bool = Field(False, description="ternary weights travel as 5 trits a byte, decoded on chip")
    max_reduction: int = Field(16384, ge=1, le=1 << 20, description="longest K; the sums' widths follow from it")
    accumulator_bits: int | None = Field(
        None, ge=4, le=48, description="accumulator width of a lane; null derives the one that cannot overflow"
    )
    addend: Literal["none", "bias", "matrix"] = Field(
        "none", description="added to the sums on chip: a bias per output channel, or a matrix (M, N)"
    )
    requantize: bool = Field(False, description="scale, round, offset and clip the sums to output_format on chip")
    output_format: FormatField = Field(INT8, description="format of O after requantize; without it O is the exact sum")
    multiplier_bits: int = Field(16, ge=2, le=24, description="bits of the unsigned requantisation multiplier")
    activation: Literal["none", "relu", "squared_relu"] = Field(
        "none", description="activation that the requantiser can apply, switched per output beat at run time"
    )

    def check_together(self) -> None:
        """Refuse combinations that cannot mean anything or could be silently wrong."""
        self._check_formats()
        self._check_tile()
        self._check_unused()
        self._check_groups()
        self._check_widths()

    def _check_formats(self) -> None:
        if isinstance(self.weight_format, Integer) and self.weight_format.bits > 8:
            raise must(
                "LUT weight_format", "be int2 to int8, uint1 to uint8, ternary or bipolar", self.weight_format.name
            )
        if not isinstance(self.a_format, Integer) or self.a_format.bits < 4:
            raise must("LUT a_format", "be int4 to int16 or uint4 to uint16", self.a_format.name)
        if self.requantize and not isinstance(self.output_format, Integer):
            raise must("LUT output_format", "be an integer format", self.output_format.name)
        if self.zero_points and (not isinstance(self.weight_format, Integer) or self.weight_format.is_signed):
            raise must("LUT zero_points", "be false unless weight_format is unsigned", True)
        if self.packed_ternary and self.weight_format != TERNARY:
            raise must("LUT packed_ternary", "be false unless weight_format is ternary", True)
        if self.packed_ternary and self.unit != "mac" and self.planes != self.code.count:
            raise must(
                "LUT planes", f"be {self.code.count} with packed_ternary, whose trits hold all planes", self.planes
            )

        if self.packed_ternary and self.unit == "lut" and self.table == "remapped":
            raise must("LUT table", "be half or full with packed_ternary, whose digits are decoded on chip", self.table)

    def _check_tile(self) -> None:
        if self.unit != "mac" and self.code.count % self.planes:
            raise must("LUT planes", f"divide the {self.code.count} bit planes of {self.weight_format}", self.planes)
        if self.segments is not None and self.n % self.segments:
            raise must("LUT segments", f"divide n={self.n}", self.segments)
        if self.table_scale != "exact" and (self.table == "full" or self.precompute == "private"):
            raise must("LUT table_scale", "be exact with full tables or private precompute", self.table_scale)
        if self.table_scale != "exact" and not self.ranges.exponent:
            reason = f"be exact: sums of {self.lookup} {self.a_format} are INT8 already"
            raise must("LUT table_scale", reason, self.table_scale)

    def _check_unused(self) -> None:
        """Refuse a value that the design has no unit for: it would be ignored."""
        baseline = f"in a design whose unit is {self.unit}" if self.unit != "lut" else None
        scaled = self.weight_scales or self.activation_scales
        requantizes = None if self.requantize else "in a design without requantize"
        self.refuse_unused(
            {
                "table": baseline,
                "precompute": baseline,
                "table_scale": baseline,
                "planes": baseline if self.unit == "mac" else None,
                "accumulate": None if self.k > 1 else "in a design with k=1",
                "scale_bits": None if scaled else "in a design without group scales",
                "output_format": requantizes,
                "multiplier_bits": requantizes,
                "activation": requantizes,
            }
        )

    def _check_groups(self) -> None:
        if self.group is not None and self.group % self.step:
            raise must("LUT group", f"be a multiple of k * lookup = {self.step}", self.group)
        needs = {
            "weight_scales": self.weight_scales,
            "activation_scales": self.activation_scales,
            "table_scale": self.table_scale == "group",
        }
        for name, wants in needs.items():
            if wants and self.group is None:
                raise InputError(
                    f"LUT group must be given where {name} is {getattr(self, name)!s}".replace("True", "true")
                )

    def _check_widths(self) -> None:
        exact = self.ranges.lane.bits
        if self.accumulator_bits is not None and self.accumulator_bits < exact:
            reduction = f"group={self.group}" if self.group else f"max_reduction={self.max_reduction}"
            raise must("LUT accumulator_bits", f"be at least {exact} for {reduction}", self.accumulator_bits)
        if self.ranges.total.bits > WIDEST_SUM:
            raise must(
                "LUT max_reduction",
                f"give a sum of at most {WIDEST_SUM} bits and not of {self.sum_bits}",
                self.max_reduction,
            )

    @property
    def step(self) -> int:
        """K elements in a step: k groups of `lookup`."""
        return self.k * self.lookup

    @property
    def code(self) -> PlaneCode:
        """How weights become planes; a multiplier takes them whole and corrects for a zero point alone."""
        if self.unit == "mac":
            return PlaneCode((0,), (False,), 0, 1, -1)
        return plane_code(self.weight_format, "signed" if self.symmetric else "binary")

    @property
    def symmetric(self) -> bool:
        """Whether tables hold one half of the sums and the digits are -1 and +1."""
        return self.unit == "lut" and self.table != "full"

    @property
    def passes(self) -> int:
        """Cycles of a step: one for each `planes` bit planes."""
        return self.code.count // self.planes

    @property
    def entries(self) -> int:
        """Entries of a stored table."""
        return 1 << (self.lookup - 1 if self.symmetric else self.lookup)

    @property
    def column_segments(self) -> int:
        """Segments of columns, which finish one cycle after the other."""
        if self.segments is not None:
            return self.segments
        return next(s for s in range(-(-self.n // 8), self.n + 1) if self.n % s == 0)

    @property
    def flush_steps(self) -> int:
        """Steps of zeros behind a job's last one, in which the last segments finish."""
        return -(-(self.column_segments - 1) // self.passes)

    @property
    def least_steps(self) -> int:
        """Least steps of a sum: its segments leave before the next one ends, and it is longer than a flush."""
        return self.flush_steps + 1

    @property
    def segment_cols(self) -> int:
        """Columns of a segment."""
        return self.n // self.column_segments

    @property
    def lanes(self) -> int:
        """Results in an output beat: those of all rows and of one segment's columns."""
        return self.m * self.segment_cols

    @cached_property
    def ranges(self) -> Ranges:
        """Smallest and largest value at each place of the datapath."""
        return Ranges.of(self)

    @property
    def lane_bits(self) -> int:
        """Bits of a lane's signed accumulator."""
        return self.accumulator_bits or self.ranges.lane.bits

    @property
    def sum_bits(self) -> int:
        """Bits of a signed sum over all of K, scales included."""
        return self.ranges.total.bits

    @property
    def corrects(self) -> bool:
        """Whether a multiple of the activations' sum is added to each result."""
        return bool(self.code.rest) or self.zero_points

    @property
    def has_scales(self) -> bool:
        """Whether the stream `scales` exists."""
        return self.weight_scales or self.activation_scales or self.zero_points

    @property
    def has_epilogue(self) -> bool:
        """Whether the stream `epilogue` exists."""
        return self.addend != "none" or self.requantize

    @property
    def entry_format(self) -> Integer:
        """Format of a table entry."""
        return Integer(self.ranges.entry.bits)

    @property
    def exponent_format(self) -> Integer:
        """Format of a table's or group's power-of-two scale (its exponent)."""
        return Integer(max(self.ranges.exponent.bit_length(), 1), is_signed=False)

    @property
    def scale_format(self) -> Integer:
        """Format of the group scales."""
        return Integer(self.scale_bits, is_signed=False)

    @property
    def weight_zero_format(self) -> Integer:
        """Format of the weights' zero points: that of the (unsigned) weights."""
        return cast("Integer", self.weight_format)

    @property
    def addend_format(self) -> Integer:
        """Format of bias or matrix: as wide as the sum."""
        return Integer(self.sum_bits)

    @property
    def o_format(self) -> Format:
        """Format of O at the port: output_format, or the sum (with addend) sign-extended to whole bytes."""
        added = self.sum_bits + (self.addend != "none")
        return self.output_format if self.requantize else Integer(8 * bytes_for(added))

    @property
    def requantized_format(self) -> Integer:
        """`output_format`, which is an integer format wherever it is used."""
        return cast("Integer", self.output_format)

    @property
    def multiplier_format(self) -> Integer:
        """Format of the requantisation multiplier."""
        return Integer(self.multiplier_bits, is_signed=False)

    @property
    def shift_format(self) -> Integer:
        """Format of the requantisation shift: 0 to 63."""
        return Integer(SHIFT_BITS, is_signed=False)
