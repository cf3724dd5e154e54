"""Bytes that a large language model moves for each token it writes, from the sparse family's formats."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from rtloom.figures import Figure
from rtloom.generators.sparse.compress import bits_per_weight
from rtloom.generators.sparse.params import SparseParams
from rtloom.generators.sparse.ports import stream_ports

__all__ = ["LLAMA_2_7B", "SCHEMES", "Model", "Scheme", "bytes_per_token", "figures", "table"]

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


_HEAD = (
    f"Bytes that {LLAMA_2_7B.title} moves for each token of one sequence ({SOURCE}), and the tokens a second that "
    f"{BANDWIDTH / 1e9:.0f} GB/s allow."
)
_WEIGHTS = (
    "A weight takes, pruned ones included, N/M x (width + place) for its value, a share of its panel's descriptor, and "
    f"a share of the scale of {SCALE_GROUP} elements of its row:"
)
_REST = (
    "Each output channel further reads its requantisation: multiplier, shift and a share of the zero point. The cache "
    f"holds a key and a value of {LLAMA_2_7B.width:,} elements in each of {LLAMA_2_7B.layers} layers for each of "
    f"{CONTEXT:,} tokens, and {VECTOR_BITS} bits of scale for each of {LLAMA_2_7B.heads} heads of both; it is read, "
    f"and the new token's part written. Norms and the embedding of the token have {VECTOR_BITS} bits an element. "
    "Activations stay on chip."
)


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
    """Return bits a weight of each scheme, then megabytes and tokens a second of each with each cache."""
    found = {
        f"{name}, bits a weight": Figure(scheme.weight_bits, "bit/weight", SOURCE) for name, scheme in SCHEMES.items()
    }
    for case, parts in _cases().items():
        here = f"{LLAMA_2_7B.title} {case}, context {CONTEXT}"
        total = sum(parts.values())
        found[f"{here}, moved for each token"] = Figure(total / 1e6, "MB/token", SOURCE)
        bound = f"{SOURCE}, bound by {BANDWIDTH / 1e9:.0f} GB/s"
        found[f"{here}, tokens a second"] = Figure(BANDWIDTH / total, "tokens/s", bound)
    return found


def table() -> str:
    """Return the table with its derivation as Markdown."""
    weights = sum(count * n * k for count, n, k in LLAMA_2_7B.matrices.values())
    shapes = [[name, f"{c:,}", f"{n:,} x {k:,}", f"{c * n * k:,}"] for name, (c, n, k) in LLAMA_2_7B.matrices.items()]
    cases = [_row(case, parts) for case, parts in _cases().items()]
    parts = [
        [_HEAD],
        [f"Every matrix is read once, {weights:,} weights:"],
        _markdown(["matrices", "count", "N x K", "weights"], shapes),
        [_WEIGHTS],
        _markdown(["weights", "N/M x (width + place)", "descriptor", "scale", "bits a weight"], _weight_rows()),
        [_REST],
        _markdown(["", "weights", "requantisation", "cache", "vectors", "moved for each token", "bound"], cases),
    ]
    return "\n\n".join("\n".join(part) for part in parts) + "\n"


def _weight_rows() -> list[list[str]]:
    """Return how many bits a weight takes, term by term."""
    rows = []
    for name, scheme in SCHEMES.items():
        p = scheme.params
        place = p.index_bits if scheme.n < p.block else 0
        width = p.carried_format.bits
        scale = 0.0 if p.scale_bits is None else p.scale_bits / SCALE_GROUP
        value = scheme.n / p.block * (width + place)
        rest = scheme.weight_bits - value - scale
        term = f"{scheme.n}/{p.block} x ({width} + {place}) = {value:g}"
        rows.append([name, term, f"{rest:.4f}", f"{scale:.4f}", f"{scheme.weight_bits:.3f}"])
    return rows


def _row(case: str, parts: Mapping[str, float]) -> list[str]:
    total = sum(parts.values())
    return [case, *(f"{n / 1e6:,.1f} MB" for n in (*parts.values(), total)), f"{BANDWIDTH / total:.1f} tokens/s"]


def _markdown(head: list[str], rows: list[list[str]]) -> list[str]:
    """Return the lines of a table; all columns but the first are numbers."""
    return [f"| {' | '.join(cells)} |" for cells in (head, ["---", *["---:"] * (len(head) - 1)], *rows)]
