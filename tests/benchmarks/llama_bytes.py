"""Bytes that a large language model moves for each token it writes, from the sparse family's formats."""

from dataclasses import dataclass
from typing import Any

from rtloom.figures import Figure
from rtloom.generators.sparse.compress import bits_per_weight
from rtloom.generators.sparse.params import SparseParams
from rtloom.generators.sparse.ports import stream_ports

__all__ = ["LLAMA_2_7B", "SCHEMES", "Model", "Scheme", "bytes_per_token", "figures"]

BANDWIDTH = 460e9
"""Bytes a second of a board with two stacks of HBM2."""

CONTEXT = 1024
"""Tokens that a new one attends to."""

SCALE_GROUP = 64
"""K elements of a row of weights that share a scale."""

VECTOR_BITS = 16
"""Bits of what is no matrix: norms, the token's embedding, scales of the cache."""

KV_BITS = (8, 4)
SOURCE = "computed from the formats"


@dataclass(frozen=True)
class Model:
    """Shapes of a decoder with gated feed-forward layers.

    Parameters
    ----------
    title
        Its name.
    layers, width, hidden, heads, vocabulary
        How many layers; elements of a token and of the feed-forward layer; attention heads; tokens.
    """

    title: str
    layers: int
    width: int
    hidden: int
    heads: int
    vocabulary: int

    @property
    def matrices(self) -> dict[str, tuple[int, int, int]]:
        """How many of each matrix a token passes, and its N and K."""
        return {
            "attention: query, key, value, output": (4 * self.layers, self.width, self.width),
            "feed-forward: gate, up": (2 * self.layers, self.hidden, self.width),
            "feed-forward: down": (self.layers, self.width, self.hidden),
            "head": (1, self.vocabulary, self.width),
        }


LLAMA_2_7B = Model("LLaMA-2-7B", layers=32, width=4096, hidden=11008, heads=32, vocabulary=32000)
"""Touvron et al., "Llama 2", 2023: the shapes of the published model."""


@dataclass(frozen=True)
class Scheme:
    """How weights are stored.

    Parameters
    ----------
    params
        The design that reads them.
    n
        N of N:M; M keeps all.
    """

    params: SparseParams
    n: int

    @property
    def group(self) -> int | None:
        """K elements that share a scale of the design's dequantisation; None without it."""
        return None if self.params.scale_bits is None else SCALE_GROUP

    @property
    def weight_bits(self) -> float:
        """Bits of each weight, pruned ones included: values, places, descriptors of panels, group scales."""
        return bits_per_weight(self.params, self.n, scale_group=self.group)

    @property
    def row_bits(self) -> float:
        """Bits of each output channel's requantisation."""
        port = next(port for port in stream_ports(self.params) if port.name == "epilogue")
        return port.width / self.params.chains


def _scheme(n: int, **raw: Any) -> Scheme:
    params = SparseParams.parse({"requantize": True, **raw})
    return Scheme(params, n)


DENSE = {"group": SparseParams().length}
"""One group: the plain dense chain."""

SCHEMES = {
    "W8 dense": _scheme(4, **DENSE),
    "W4 dense": _scheme(4, weight_bits="4", scale_bits=4, **DENSE),
    "W4 2:4": _scheme(2, weight_bits="4", scale_bits=4),
    "W2 2:4": _scheme(2, weight_bits="2", scale_bits=4),
}


def bytes_per_token(model: Model, scheme: Scheme, kv_bits: int, context: int = CONTEXT) -> dict[str, float]:
    """Return what moves between memory and chip for one new token of one sequence, in bytes by part.

    Parameters
    ----------
    model
        Shapes.
    scheme
        How weights are stored; all matrices are, the head included.
    kv_bits
        Bits of each element of the cache; each head's key and value of a token has a scale beside it.
    context
        Tokens in the cache, which are read; the new one's are written.
    """
    matrices = model.matrices.values()
    weights = sum(count * n * k for count, n, k in matrices) * scheme.weight_bits
    rows = sum(count * n for count, n, _ in matrices) * scheme.row_bits
    token = 2 * model.layers * (model.width * kv_bits + model.heads * VECTOR_BITS)
    vectors = (2 * model.layers + 2) * model.width * VECTOR_BITS
    bits = {"weights": weights, "requantisation": rows, "cache": (context + 1) * token, "vectors": vectors}
    return {part: count / 8 for part, count in bits.items()}


def _cases() -> dict[str, dict[str, float]]:
    return {
        f"{name}, KV{bits}": bytes_per_token(LLAMA_2_7B, scheme, bits)
        for name, scheme in SCHEMES.items()
        for bits in KV_BITS
    }


def figures() -> dict[str, Figure]:
    """Return how many weights there are, what one takes by scheme, then what moves for each token, and how often."""
    weights = sum(count * n * k for count, n, k in LLAMA_2_7B.matrices.values())
    found = {f"{LLAMA_2_7B.title}, weights": Figure(weights, "weights", "exact")}
    for name, scheme in SCHEMES.items():
        found |= {f"{name}, {part}": Figure(bits, "bit/weight", SOURCE) for part, bits in _terms(scheme).items()}
    for case, parts in _cases().items():
        here = f"{LLAMA_2_7B.title} {case}, context {CONTEXT}"
        total = sum(parts.values())
        found |= {f"{here}, {part}": Figure(count / 1e6, "MB/token", SOURCE) for part, count in parts.items()}
        found[f"{here}, moved for each token"] = Figure(total / 1e6, "MB/token", SOURCE)
        bound = f"{SOURCE}, bound by {BANDWIDTH / 1e9:.0f} GB/s"
        found[f"{here}, tokens a second"] = Figure(BANDWIDTH / total, "tokens/s", bound)
    return found


def _terms(scheme: Scheme) -> dict[str, float]:
    """Return how many bits a weight takes, pruned ones included, term by term and together."""
    p = scheme.params
    share = scheme.n / p.block
    terms = {
        "values": share * p.carried_format.bits,
        "places": share * p.index_bits if scheme.n < p.block else 0.0,
        "scales": 0.0 if p.scale_bits is None else p.scale_bits / SCALE_GROUP,
    }
    rest = {"descriptors": scheme.weight_bits - sum(terms.values())}
    return {**terms, **rest, "bits a weight": scheme.weight_bits}
