"""Golden two-dimensional convolution, NHWC: the direct definition, one tap of the kernel at a time."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from ...errors import must
from .gemm import Accumulator, Overflow, exact_product, narrow

__all__ = ["Padding", "Pair", "convolve", "output_size", "pads", "pair", "patches"]

IntArray = NDArray[np.int64]
Pair = int | tuple[int, int]
Padding = int | str | tuple[int, int] | tuple[tuple[int, int], tuple[int, int]]


def pair(value: Pair) -> tuple[int, int]:
    """Return (vertical, horizontal) of a value given once or twice."""
    vertical, horizontal = np.broadcast_to(value, 2).tolist()
    return vertical, horizontal


def pads(
    padding: Padding, size: tuple[int, int] = (1, 1), kernel: tuple[int, int] = (1, 1), stride: Pair = 1
) -> tuple[tuple[int, int], tuple[int, int]]:
    """Return ((top, bottom), (left, right)) of a padding given as one number, two numbers, two pairs or a word.

    The words are ``valid``, no zeros, and ``same``, as many as ``ceil(size / stride)`` places need.
    """
    if isinstance(padding, str):
        steps = pair(stride)
        needed = [max((-(-size[i] // steps[i]) - 1) * steps[i] + kernel[i] - size[i], 0) for i in (0, 1)]
        vertical, horizontal = needed if padding == "same" else (0, 0)
        return (vertical // 2, (vertical + 1) // 2), (horizontal // 2, (horizontal + 1) // 2)
    axes = np.asarray(padding).reshape(-1, 1) if np.ndim(padding) < 2 else np.asarray(padding)
    (top, bottom), (left, right) = np.broadcast_to(axes, (2, 2)).tolist()
    return (top, bottom), (left, right)


def output_size(size: int, kernel: int, stride: int, padding: tuple[int, int]) -> int:
    """Return how many places the kernel takes along an axis."""
    return (size + sum(padding) - kernel) // stride + 1


def convolve(
    x: IntArray,
    w: IntArray,
    *,
    stride: Pair = 1,
    padding: Padding = 0,
    groups: int = 1,
    step: int,
    bits: int,
    overflow: Overflow,
) -> IntArray:
    """Cross-correlate images with kernels, as neural networks call convolution.

    ``y[b, i, j, o] = sum over (u, v, c) of x[b, i*stride + u - top, j*stride + v - left, c] * w[u, v, c, o]`` where c
    runs over the channels of o's group and x is zero outside the image. Sums are accumulated in the order (u, v, c),
    `step` products at a time.

    Parameters
    ----------
    x
        ``(B, H, W, Cin)``.
    w
        ``(KH, KW, Cin / groups, Cout)``; ``groups == Cin`` is the depthwise convolution.
    stride, padding
        One number or (vertical, horizontal); padding also ((top, bottom), (left, right)), ``same`` or ``valid``.
    step, bits, overflow
        The accumulator, as in `gemm.accumulate`.

    Returns
    -------
    numpy.ndarray
        ``(B, OH, OW, Cout)``, int64.
    """
    channels, outputs = w.shape[2], w.shape[3]
    _check_channels(x, w, groups)
    if outputs % groups:
        raise must("conv2d groups", f"divide the {outputs} output channels", groups)
    padded = np.pad(x, ((0, 0), *pads(padding, x.shape[1:3], w.shape[:2], stride), (0, 0)))
    # Group g sees the input channels [g * channels, (g + 1) * channels) and makes outputs / groups channels.
    images = padded.reshape(*padded.shape[:3], groups, channels)
    kernels = w.reshape(*w.shape[:3], groups, outputs // groups)
    if overflow == "exact":
        total = narrow(_exact(images, kernels, pair(stride)), bits, overflow)
    else:
        total = _stepwise(images, kernels, pair(stride), step, Accumulator(bits, overflow))
    return total.reshape(*total.shape[:3], outputs)


def patches(x: IntArray, w: IntArray, *, stride: Pair = 1, padding: Padding = 0) -> IntArray:
    """Return what the kernels of `convolve` see at each place, one group of channels.

    Parameters
    ----------
    x, w, stride, padding
        As in `convolve`.

    Returns
    -------
    numpy.ndarray
        ``(B, OH, OW, KH * KW * Cin)``, the last axis in the order (u, v, c).
    """
    _check_channels(x, w, 1)
    padded = np.pad(x, ((0, 0), *pads(padding, x.shape[1:3], w.shape[:2], stride), (0, 0)))
    seen = _windows(padded[..., np.newaxis, :], w[..., np.newaxis, :], pair(stride))
    return np.concatenate([places[..., 0, :] for places, _ in seen], axis=-1)


def _check_channels(x: IntArray, w: IntArray, groups: int) -> None:
    """Raise `InputError` where the kernels want other input channels than there are."""
    if x.shape[3] != w.shape[2] * groups:
        raise must(
            "conv2d w",
            f"have {x.shape[3] // groups} input channels per group, as x and groups say",
            w.shape[2],
        )


def _windows(images: IntArray, kernels: IntArray, stride: tuple[int, int]) -> Iterator[tuple[IntArray, IntArray]]:
    """Yield for each (u, v) what the kernel sees, ``(B, OH, OW, groups, C)``, and its weights, ``(C, groups, O)``."""
    height, width = kernels.shape[:2]
    rows = output_size(images.shape[1], height, stride[0], (0, 0))
    cols = output_size(images.shape[2], width, stride[1], (0, 0))
    if rows < 1 or cols < 1:
        raise must(
            "conv2d w",
            f"be no larger than the padded image, {images.shape[1]}x{images.shape[2]}",
            (height, width),
        )
    for u in range(height):
        for v in range(width):
            yield (
                images[
                    :,
                    u : u + stride[0] * rows : stride[0],
                    v : v + stride[1] * cols : stride[1],
                ],
                kernels[u, v],
            )


def _exact(images: IntArray, kernels: IntArray, stride: tuple[int, int]) -> IntArray:
    """Sum over (u, v) of the exact product over the channels, group by group."""
    total = np.zeros((), dtype=np.int64)
    for seen, weights in _windows(images, kernels, stride):
        places = np.moveaxis(seen, 3, 0).reshape(seen.shape[3], -1, seen.shape[4])
        product = exact_product(places, np.moveaxis(weights, 1, 0))
        total = total + np.moveaxis(product.reshape(-1, *seen.shape[:3], weights.shape[2]), 0, 3)
    return total


def _stepwise(
    images: IntArray,
    kernels: IntArray,
    stride: tuple[int, int],
    step: int,
    total: Accumulator,
) -> IntArray:
    """Add the products in the order (u, v, c), `step` at a time, and narrow after each step."""
    pending: IntArray | int = 0
    taken = 0
    for seen, weights in _windows(images, kernels, stride):
        for c in range(seen.shape[4]):
            pending = pending + seen[..., c][..., np.newaxis] * weights[c]
            taken += 1
            if taken % step == 0:
                total.add(np.asarray(pending))
                pending = 0
    if taken % step:
        total.add(np.asarray(pending))
    return total.value
