"""Parameters of the sparse family and every width derived from them; no hardware import."""

from functools import cached_property
from typing import ClassVar, Literal, cast

from pydantic import Field

from ...errors import must
from ...hdl.formats import Format, Integer, product_range, width_of
from ...hdl.ports import bytes_for
from ...hdl.requantize_shape import SHIFT_BITS
from ..params import FamilyParams, FormatField

__all__ = ["SparseParams"]

INT8 = Integer(8)
WIDEST_SUM = 48


class SparseParams(FamilyParams):
    """Chains of multipliers for O = A x W^T, A being (M, K) and W being (N, K) with few non-zeros in each block."""

    title: ClassVar[str] = "Sparse"

    rows: int = Field(2, ge=1, le=16, description="rows of A at once; each weight serves all of them")
    chains: int = Field(4, ge=1, le=64, description="chains: each works on output channels of its own")
    length: int = Field(16, ge=2, le=128, description="multipliers of a chain (a row of A), and K elements in a window")
    block: Literal[4, 8, 16] = Field(4, description="M of N:M: consecutive K elements of which some are kept")
    group: int = Field(
        4, ge=1, le=64, description="multipliers between reduction nodes; the least N above 0 is group * block / length"
    )
    weight_bits: Literal["8", "4", "2", "4,8", "2,4,8", "2,3,4,8"] = Field(
        "8", description="widths of the signed weights that travel; of several, each panel of W chooses at run time"
    )
    scale_bits: int | None = Field(
        None, ge=1, le=7, description="bits of the unsigned group scales of weights; null leaves dequantisation out"
    )
    zero_points: bool = Field(False, description="subtract a signed zero point, one with each scale, before scaling")
    bitmap: bool = Field(
        False,
        description="weights travel as a bitmap and the non-zero ones, and are decoded on chip: any sparsity pattern",
    )
    a_format: FormatField = Field(INT8, description="format of A: int2 to int8")
    gemv: bool = Field(
        False, description="panels may be GEMV ones: every row of chains then has weights and channels of its own"
    )
    packing: Literal[0, 1, 2, 4, 8] = Field(
        0,
        description="0: a multiplier each; else two rows of A share one, and so many packed products are summed before "
        "they are taken apart (1 fits 25x18 multipliers, more need 27x18)",
    )
    max_reduction: int = Field(16384, ge=1, le=1 << 20, description="longest K; the accumulator width follows from it")
    bias: bool = Field(False, description="add a bias per output channel on chip")
    requantize: bool = Field(False, description="scale, round, offset and clip the sums to output_format on chip")
    output_format: FormatField = Field(INT8, description="format of O after requantize; without it O is the exact sum")
    multiplier_bits: int = Field(16, ge=2, le=24, description="bits of the unsigned requantisation multiplier")
    activation: Literal["none", "relu", "squared_relu"] = Field(
        "none", description="activation that the requantiser can apply, switched per output beat at run time"
    )

    def check_together(self) -> None:
        """Refuse combinations that cannot mean anything or could be silently wrong."""
        self._check_chain()
        self._check_weights()
        self._check_epilogue()
        if self.sum_bits > WIDEST_SUM:
            raise must("Sparse max_reduction", f"give a sum of at most {WIDEST_SUM} bits", self.max_reduction)

    def _check_chain(self) -> None:
        if not isinstance(self.a_format, Integer) or not self.a_format.is_signed or self.a_format.bits > INT8.bits:
            raise must("Sparse a_format", "be int2 to int8", self.a_format.name)
        if self.length % self.block:
            raise must("Sparse length", f"be a multiple of block={self.block}", self.length)
        if self.length % self.group or self.panel_rows & (self.panel_rows - 1):
            raise must("Sparse group", f"divide length={self.length} by a power of two", self.group)
        if self.panel_rows > self.block:
            raise must("Sparse group", f"be at least length / block = {self.length // self.block}", self.group)
        if self.packing and self.rows % 2:
            raise must("Sparse rows", "be even with packing", self.rows)
        if self.packing > self.group or (self.packing and self.group % self.packing):
            raise must("Sparse packing", f"divide group={self.group}", self.packing)

    def _check_weights(self) -> None:
        if self.bitmap and (self.zero_points or self.gemv or len(self.widths) > 1):
            raise must("Sparse bitmap", "be false with zero_points, gemv or several weight_bits", True)
        if self.gemv and (self.packing or self.rows == 1):
            raise must("Sparse gemv", "be false with packing, or with one row", True)
        if self.zero_points and self.scale_bits is None:
            raise must("Sparse zero_points", "be false without scale_bits", True)

    def _check_epilogue(self) -> None:
        if self.requantize and not isinstance(self.output_format, Integer):
            raise must("Sparse output_format", "be an integer format", self.output_format.name)
        requantizes = None if self.requantize else "in a design without requantize"
        self.refuse_unused(dict.fromkeys(("output_format", "multiplier_bits", "activation"), requantizes))

    @property
    def panel_rows(self) -> int:
        """Output channels of a chain in a panel: as many groups as the chain has."""
        return self.length // self.group

    @property
    def least_kept(self) -> int:
        """Least N above 0: what one group covers of a window's blocks."""
        return self.block // self.panel_rows

    @property
    def levels(self) -> int:
        """Densities above 0: N is ``least_kept << level``; a panel of level l takes ``1 << l`` cycles."""
        return self.panel_rows.bit_length()

    @property
    def kept(self) -> tuple[int, ...]:
        """Values that N takes, ascending, 0 first."""
        return (0, *(self.least_kept << level for level in range(self.levels)))

    @property
    def widths(self) -> tuple[int, ...]:
        """Widths of the weights that travel, ascending."""
        return tuple(int(word) for word in self.weight_bits.split(","))

    @property
    def selects(self) -> bool:
        """Whether weights bring their places; a chain that is one group is the plain dense one."""
        return self.levels > 1

    @property
    def channels(self) -> int:
        """Output channels of a panel, all chains together."""
        return self.chains * self.panel_rows

    @property
    def weight_rows(self) -> int:
        """Rows of chains that can have weights of their own."""
        return self.rows if self.gemv else 1

    @property
    def multipliers(self) -> int:
        """Weights that can come in a step."""
        return self.weight_rows * self.chains * self.length

    @property
    def lanes(self) -> int:
        """Results in an output beat: one channel of each chain, for all rows of A."""
        return self.rows * self.chains

    @property
    def index_bits(self) -> int:
        """Bits of a weight's place in its block."""
        return self.block.bit_length() - 1

    @property
    def carried_format(self) -> Integer:
        """Format of the widest weight that travels."""
        return Integer(self.widths[-1])

    @property
    def weight_format(self) -> Integer:
        """Format of a weight at the multipliers: int8 after dequantisation, else as it travels."""
        return self.carried_format if self.scale_bits is None else INT8

    @property
    def scale_format(self) -> Integer:
        """Format of the weights' group scales."""
        return Integer(self.scale_bits or 1, is_signed=False)

    @property
    def zero_format(self) -> Integer:
        """Format of the weights' zero points: that of the widest weight that travels."""
        return self.carried_format

    @cached_property
    def sum_range(self) -> tuple[int, int]:
        """Return the smallest and largest sum of max_reduction products."""
        lo, hi = product_range(self.a_format, self.weight_format)
        return lo * self.max_reduction, hi * self.max_reduction

    @property
    def sum_bits(self) -> int:
        """Bits of a signed accumulator that no sum of max_reduction products can overflow."""
        return width_of(*self.sum_range)[0]

    @property
    def has_epilogue(self) -> bool:
        """Whether the stream `epilogue` exists."""
        return self.bias or self.requantize

    @property
    def bias_format(self) -> Integer:
        """Format of the bias: as wide as the sum."""
        return Integer(self.sum_bits)

    @property
    def o_format(self) -> Format:
        """Format of O at the port: output_format, or the sum (with bias) sign-extended to whole bytes."""
        return self.output_format if self.requantize else Integer(8 * bytes_for(self.sum_bits + self.bias))

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
