"""The handwritten digits that come with scikit-learn: 1797 images of 8x8 pixels, 360 of them held out."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..packages import require

__all__ = ["HELD_OUT", "PIXEL_MAX", "Digits", "SplitDigits", "load_digits", "load_split_digits"]

HELD_OUT = 360
PIXEL_MAX = 16
SEED = 0


@dataclass(frozen=True)
class Digits:
    """Images with the digit that each shows, split into those to learn from and those to be judged by.

    Parameters
    ----------
    train_images, test_images
        ``(n, 8, 8, 1)`` int64 pixels from 0 (paper) to 16 (ink).
    train_labels, test_labels
        ``(n,)`` int64 digits.
    """

    train_images: NDArray[np.int64]
    train_labels: NDArray[np.int64]
    test_images: NDArray[np.int64]
    test_labels: NDArray[np.int64]


@dataclass(frozen=True)
class SplitDigits(Digits):
    """Images with a third part: training is set up by it, so that no choice depends on those to be judged by.

    Parameters
    ----------
    validation_images
        ``(n, 8, 8, 1)`` int64 pixels.
    validation_labels
        ``(n,)`` int64 digits.
    """

    validation_images: NDArray[np.int64]
    validation_labels: NDArray[np.int64]


def load_digits() -> Digits:
    """Return the data set, 360 images held out so that every digit has its share; the same split every time.

    Raises
    ------
    ToolError
        Where scikit-learn is not installed.
    """
    images, labels = require("sklearn.datasets").load_digits(return_X_y=True)
    pixels, digits = images.astype(np.int64).reshape(-1, 8, 8, 1), labels.astype(np.int64)
    train, test = _held_out(digits)
    return Digits(pixels[train], digits[train], pixels[test], digits[test])


def load_split_digits() -> SplitDigits:
    """Return the data set with 360 images for validation and 360 others for the test, the same split every time.

    Those for validation are the ones that `load_digits` holds out: whoever has seen how well they are read may have
    chosen something by them. Those of the test are learnt from there.

    Raises
    ------
    ToolError
        Where scikit-learn is not installed.
    """
    whole = load_digits()
    train, test = _held_out(whole.train_labels)
    return SplitDigits(
        whole.train_images[train],
        whole.train_labels[train],
        whole.train_images[test],
        whole.train_labels[test],
        validation_images=whole.test_images,
        validation_labels=whole.test_labels,
    )


def _held_out(labels: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return places of images to learn from and of 360 others among which every digit has its share."""
    selection = require("sklearn.model_selection")
    train, test = selection.train_test_split(
        np.arange(len(labels)), test_size=HELD_OUT, stratify=labels, random_state=SEED
    )
    return train, test
