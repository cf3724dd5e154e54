"""The handwritten digits that come with scikit-learn: 1797 images of 8x8 pixels, 360 of them held out."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..packages import require

__all__ = ["HELD_OUT", "PIXEL_MAX", "Digits", "load_digits"]

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


def load_digits() -> Digits:
    """Return the data set, 360 images held out so that every digit has its share; the same split every time.

    Raises
    ------
    ToolError
        Where scikit-learn is not installed.
    """
    datasets, selection = require("sklearn.datasets"), require("sklearn.model_selection")
    images, labels = datasets.load_digits(return_X_y=True)
    pixels = images.astype(np.int64).reshape(-1, 8, 8, 1)
    digits = labels.astype(np.int64)
    train, test = selection.train_test_split(
        np.arange(len(digits)), test_size=HELD_OUT, stratify=digits, random_state=SEED
    )
    return Digits(pixels[train], digits[train], pixels[test], digits[test])
