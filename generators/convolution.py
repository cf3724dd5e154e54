"""Two-dimensional convolution as matrix products: im2col, groups, block diagonals; NumPy alone."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from ..errors import must
from ..hdl.formats import Format
from .batch import whole

__all__ = ["ConvolutionShape", "assemble", "choose_merge", "convolution_gemms", "im2col", "weight_matrix"]

IntArray = NDArray[np.int64]
Pair = tuple[int, int]

_X_AXES = "have 4 axes of at least 1: batch, height, width, channels"
_W_AXES = "have 4 axes of at least 1: kernel height, kernel width, input channels per group, output channels"
_STRIDE = "be an integer of at least 1, or two: vertical, horizontal"
_PADDING = "be 'same', 'valid', an integer of at least 0, two (vertical, horizontal) or ((top, bottom), (left, right))"


@dataclass(frozen=True)
class ConvolutionShape:
    """Every size of one convolution, NHWC; made by `of`, which validates.

    Parameters
    ----------
    batch, height, width, channels
        Shape of the input x.
    kernel
        (height, width) of the kernel.
    outputs
        Output channels, all groups together.
    stride
        (vertical, horizontal).
    padding
        ((top, bottom), (left, right)) zeros around each image.
    groups
        Group g maps its share of the input channels to its share of the output channels; as many groups as input
        channels is the depthwise convolution.
    """

    batch: int
    height: int
    width: int
    channels: int
    kernel: Pair
    outputs: int
    stride: Pair
    padding: tuple[Pair, Pair]
    groups: int

    @classmethod
    def of(
        cls, x: Sequence[int], w: Sequence[int], stride: Any = 1, padding: Any = 0, groups: Any = 1
    ) -> "ConvolutionShape":
        """Return the sizes of a convolution.

        Parameters
        ----------
        x
            Shape of the images, ``(B, H, W, Cin)``.
        w
            Shape of the kernels, ``(KH, KW, Cin / groups, Cout)``.
        stride
            One integer, or (vertical, horizontal).
        padding
            One integer, (vertical, horizontal), ((top, bottom), (left, right)), ``"valid"`` for none, or ``"same"``
            for an output of ``ceil(size / stride)``, an odd zero going to the bottom and to the right.
        groups
            Number of groups.

        Raises
        ------
        InputError
            Where sizes are wrong or do not go together.
        """
        if len(x) != 4 or min(x) < 1:
            raise must("Convolution x", _X_AXES, tuple(x))
        if len(w) != 4 or min(w) < 1:
            raise must("Convolution w", _W_AXES, tuple(w))
        steps = _pair(stride, 1)
        if steps is None:
            raise must("Convolution stride", _STRIDE, stride)
        around = _around(padding, tuple(x[1:3]), tuple(w[:2]), steps)
        shape = cls(x[0], x[1], x[2], x[3], (w[0], w[1]), w[3], steps, around, _groups(groups, x, w))
        padded = (shape.height + sum(around[0]), shape.width + sum(around[1]))
        if shape.kernel[0] > padded[0] or shape.kernel[1] > padded[1]:
            raise must("Convolution w", f"be no larger than the padded image, {padded[0]}x{padded[1]}", shape.kernel)
        return shape

    @property
    def output_height(self) -> int:
        """Places of the kernel from top to bottom."""
        return (self.height + sum(self.padding[0]) - self.kernel[0]) // self.stride[0] + 1

    @property
    def output_width(self) -> int:
        """Places of the kernel from left to right."""
        return (self.width + sum(self.padding[1]) - self.kernel[1]) // self.stride[1] + 1

    @property
    def output_shape(self) -> tuple[int, int, int, int]:
        """Shape of the result, ``(B, OH, OW, Cout)``."""
        return (self.batch, self.output_height, self.output_width, self.outputs)

    @property
    def places(self) -> int:
        """Places of the kernel in all images: M of every product."""
        return self.batch * self.output_height * self.output_width

    @property
    def reduction(self) -> int:
        """Products in one sum: K of one group's product."""
        return self.kernel[0] * self.kernel[1] * (self.channels // self.groups)

    @property
    def group_outputs(self) -> int:
        """Output channels of one group: N of its product."""
        return self.outputs // self.groups

    @property
    def macs(self) -> int:
        """Multiply-accumulates of the definition, those on padding zeros included."""
        return self.places * self.reduction * self.outputs

    def check_zero(self, form: Format) -> None:
        """Raise `InputError` where the images are padded and their format has no zero to pad with."""
        if not form.has_zero and any(map(any, self.padding)):
            raise must("Convolution padding", f"be 0 for {form.name}, which has no zero", self.padding)


def im2col(x: IntArray, shape: ConvolutionShape, group: int) -> IntArray:
    """Return what the kernel of one group sees at each place.

    Parameters
    ----------
    x
        ``(B, H, W, Cin)``.
    shape
        The convolution's sizes.
    group
        Which share of the input channels.

    Returns
    -------
    numpy.ndarray
        ``(B * OH * OW, KH * KW * Cin / groups)``, columns in the order (row, column, channel) of the kernel.
    """
    share = shape.channels // shape.groups
    images = np.pad(x[..., group * share : (group + 1) * share], ((0, 0), *shape.padding, (0, 0)))
    windows = np.lib.stride_tricks.sliding_window_view(images, shape.kernel, axis=(1, 2))
    placed = windows[:, :: shape.stride[0], :: shape.stride[1]].transpose(0, 1, 2, 4, 5, 3)
    return np.ascontiguousarray(placed).reshape(shape.places, shape.reduction)


def weight_matrix(w: IntArray, shape: ConvolutionShape, group: int) -> IntArray:
    """Return one group's kernels as ``(KH * KW * Cin / groups, Cout / groups)``, rows in the order of `im2col`."""
    share = shape.group_outputs
    return np.ascontiguousarray(w[..., group * share : (group + 1) * share]).reshape(shape.reduction, share)


def convolution_gemms(
    x: IntArray, w: IntArray, stride: Any = 1, padding: Any = 0, groups: Any = 1, merge: int = 1
) -> list[tuple[IntArray, IntArray, slice]]:
    """Return the products that make up a convolution, one for each `merge` groups.

    Parameters
    ----------
    x, w, stride, padding, groups
        The convolution, as `ConvolutionShape.of` describes it.
    merge
        Groups computed by one product with a block-diagonal B, as `choose_merge` finds it; the last may take fewer.
        The zeros added leave sums as they are, but shift the steps between which a saturating sum saturates, unless K
        of a group is a multiple of the step.

    Returns
    -------
    list
        ``(a, b, channels)``: ``a @ b`` are the output channels in that slice; a is ``(M, K)``, b is ``(K, N)``.
    """
    shape = ConvolutionShape.of(x.shape, w.shape, stride, padding, groups)
    gemms = []
    for first in range(0, shape.groups, merge):
        members = range(first, min(first + merge, shape.groups))
        a = np.concatenate([im2col(x, shape, group) for group in members], axis=1)
        b = _block_diagonal([weight_matrix(w, shape, group) for group in members])
        gemms.append((a, b, slice(members.start * shape.group_outputs, members.stop * shape.group_outputs)))
    return gemms


def assemble(outputs: Sequence[IntArray], shape: ConvolutionShape) -> IntArray:
    """Put the results of `convolution_gemms`, ``(M, N)`` each and in order, together to ``(B, OH, OW, Cout)``."""
    return np.concatenate(outputs, axis=1).reshape(shape.output_shape)


def choose_merge(shape: ConvolutionShape, weights: Format, cost: Callable[[int, int, int], float]) -> int:
    """Return how many groups one product should take.

    Merging j groups costs j times the products of zeros but fills an array that one group leaves idle.

    Parameters
    ----------
    shape
        The convolution's sizes.
    weights
        Format of w; without a zero no block diagonal exists and the answer is 1.
    cost
        Cost of a product of sizes M, K, N, for example its cycles.

    Returns
    -------
    int
        The cheapest number of groups, 1 to `groups`; the smallest of equals. An array where `cost` gives arrays.
    """
    if not weights.has_zero:
        return 1

    def total(merge: int) -> float:
        whole, rest = divmod(shape.groups, merge)
        return whole * price(merge) + (price(rest) if rest else 0)

    def price(merge: int) -> float:
        return cost(shape.places, merge * shape.reduction, merge * shape.group_outputs)

    best: Any = 1
    least: Any = total(1)
    for merge in range(2, shape.groups + 1):
        price_of_all = total(merge)
        best = np.where(price_of_all < least, merge, best)
        least = np.minimum(least, price_of_all)
    return cast("int", whole(best))


def _block_diagonal(blocks: Sequence[IntArray]) -> IntArray:
    """Return a matrix with the blocks, all of one shape, along its diagonal and zeros elsewhere."""
    rows, cols = blocks[0].shape
    matrix = np.zeros((len(blocks), rows, len(blocks), cols), dtype=np.int64)
    for at, block in enumerate(blocks):
        matrix[at, :, at] = block
    return matrix.reshape(len(blocks) * rows, len(blocks) * cols)


def _plain(value: Any) -> Any:
    """Return arrays and NumPy numbers as Python's own, other values as they are."""
    return value.tolist() if isinstance(value, np.ndarray | np.generic) else value


def _integer(value: Any, least: int) -> int | None:
    """Return an integer of at least `least`, or None where it is not one."""
    number = _plain(value)
    return number if isinstance(number, int) and not isinstance(number, bool) and number >= least else None


def _pair(value: Any, least: int) -> Pair | None:
    """Return two integers from one or two of them, or None where they are not."""
    plain = _plain(value)
    both = tuple(plain) if isinstance(plain, list | tuple) else (plain, plain)
    if len(both) != 2:
        return None
    first, second = _integer(both[0], least), _integer(both[1], least)
    return None if first is None or second is None else (first, second)


def _around(padding: Any, size: tuple[int, ...], kernel: tuple[int, ...], stride: Pair) -> tuple[Pair, Pair]:
    """Return ((top, bottom), (left, right)) of any form that padding may have."""
    plain = _plain(padding)
    if plain == "valid":
        return (0, 0), (0, 0)
    if plain == "same":
        vertical, horizontal = (_same(*axis) for axis in zip(size, kernel, stride, strict=True))
        return vertical, horizontal
    both = tuple(plain) if isinstance(plain, list | tuple) else (plain, plain)
    if len(both) == 2:
        vertical_pair, horizontal_pair = _pair(both[0], 0), _pair(both[1], 0)
        if vertical_pair is not None and horizontal_pair is not None:
            return vertical_pair, horizontal_pair
    raise must("Convolution padding", _PADDING, padding)


def _same(size: int, kernel: int, stride: int) -> Pair:
    """Return the zeros before and after an axis that give ``ceil(size / stride)`` places."""
    total = max((-(-size // stride) - 1) * stride + kernel - size, 0)
    return total // 2, total - total // 2


def _groups(groups: Any, x: Sequence[int], w: Sequence[int]) -> int:
    """Return the number of groups, or raise where it does not fit the channels."""
    number = _integer(groups, 1)
    if number is None:
        raise must("Convolution groups", "be an integer of at least 1", groups)
    if x[3] % number:
        raise must("Convolution groups", f"divide the {x[3]} input channels", number)
    if w[3] % number:
        raise must("Convolution groups", f"divide the {w[3]} output channels", number)
    if w[2] * number != x[3]:
        raise must("Convolution w", f"have {x[3] // number} input channels per group, as x and groups say", w[2])
    return number
