"""What is encoded: real sentences by all-MiniLM-L6-v2, or digits by a small transformer where that is absent."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rtloom.errors import ToolError

from ..digits.data import Digits, load_digits
from ..digits.train import as_float
from ..packages import require
from ..transformer.encoder import EncoderWeights, embed, tokenize
from ..transformer.tensors import EXTRA, FloatArray
from ..transformer.weights import TransformerWeights, load_model
from .digits_encoder import DigitsEncoder, train_encoder
from .sentences import CALIBRATION, PAIRS

__all__ = [
    "Batch",
    "DigitsSubject",
    "SentenceSubject",
    "Subject",
    "digits_subject",
    "find_model",
    "sentence_subject",
]

TITLE = "small transformer on digits"
SHOWN = 200
"""Training images that show which ranges numbers take."""


@dataclass(frozen=True)
class Batch:
    """Sequences of tokens, one after the other.

    Parameters
    ----------
    hidden
        ``(T, width)``: what enters the first layer.
    lengths
        Tokens of each sequence.
    """

    hidden: FloatArray
    lengths: tuple[int, ...]

    @property
    def tokens(self) -> int:
        """All tokens."""
        return sum(self.lengths)

    def first(self, count: int | None) -> "Batch":
        """Return the first sequences; all for None."""
        lengths = self.lengths[:count]
        return Batch(self.hidden[: sum(lengths)], lengths)

    def pool(self, output: NDArray[Any]) -> NDArray[np.float64]:
        """Return the mean over the tokens of each sequence, ``(sequences, width)``."""
        parts = np.split(output, np.cumsum(self.lengths)[:-1])
        return np.stack([part.mean(axis=0, dtype=np.float64) for part in parts])


@dataclass(frozen=True)
class Subject:
    """Sequences and the encoder that they go through.

    Parameters
    ----------
    title
        What the model is called.
    weights
        The encoder.
    layers
        How many it has.
    measured, shown
        What is encoded, and what shows which ranges numbers take.
    words
        What the tokens of the first sequence are called.
    """

    title: str
    weights: EncoderWeights
    layers: int
    measured: Batch
    shown: Batch
    words: tuple[str, ...]

    @property
    def head(self) -> int:
        """Elements of a head."""
        width: int = self.measured.hidden.shape[1]
        return width // self.weights.heads


@dataclass(frozen=True)
class SentenceSubject(Subject):
    """Sentences, two and two."""

    sentences: tuple[str, ...]


@dataclass(frozen=True)
class DigitsSubject(Subject):
    """Held-out digits, row by row, and the small transformer that reads them.

    Parameters
    ----------
    encoder
        That transformer.
    labels
        ``(n,)``: the digit that each image shows.
    missing
        Why there is no real transformer, in one line.
    """

    encoder: DigitsEncoder
    labels: NDArray[np.int64]
    missing: str


def find_model() -> TransformerWeights | str:
    """Return the installed model, or what is missing for it in one line."""
    try:
        require("tokenizers", EXTRA)
        return load_model()
    except ToolError as error:
        return str(error)


def sentence_subject(model: TransformerWeights) -> SentenceSubject:
    """Return the demo's sentences as a model takes them."""
    sentences = tuple(sentence for pair in PAIRS for sentence in pair)
    measured, shown = (tokenize(model, each) for each in (sentences, CALIBRATION))
    words = _words(model, measured[0])
    batches = (_embedded(model, measured), _embedded(model, shown))
    return SentenceSubject(model.title, model, model.layers, *batches, words, sentences)


def _embedded(model: TransformerWeights, tokens: Sequence[Sequence[int]]) -> Batch:
    hidden = np.concatenate([embed(model, sentence) for sentence in tokens])
    return Batch(hidden, tuple(len(sentence) for sentence in tokens))


def _words(model: TransformerWeights, tokens: Sequence[int]) -> tuple[str, ...]:
    """Return what tokens are called."""
    tokenizer = require("tokenizers", EXTRA).Tokenizer.from_file(str(model.folder / "tokenizer.json"))
    return tuple(str(tokenizer.id_to_token(token)) for token in tokens)


def digits_subject(missing: str, images: int | None) -> DigitsSubject:
    """Train the small transformer and return digits as it takes them.

    Parameters
    ----------
    missing
        Why there is no real transformer.
    images
        How many of the held-out images are read; None for all.
    """
    digits: Digits = load_digits()
    encoder = train_encoder(digits.train_images, digits.train_labels)
    measured, shown = (_rows(encoder, x) for x in (digits.test_images[:images], digits.train_images[:SHOWN]))
    words = tuple(f"row {row}" for row in range(digits.test_images.shape[1]))
    labels = digits.test_labels[:images]
    return DigitsSubject(TITLE, encoder, 1, measured, shown, words, encoder, labels, missing)


def _rows(encoder: DigitsEncoder, images: NDArray[np.int64]) -> Batch:
    """Return images as sequences of their rows."""
    hidden = encoder.embed(as_float(images))
    return Batch(hidden.reshape(-1, hidden.shape[-1]), (hidden.shape[1],) * len(images))
