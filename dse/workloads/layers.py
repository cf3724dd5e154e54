"""What a network is made of, as far as its work goes: products, convolutions and attention, by their sizes."""

from abc import abstractmethod
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar, Literal

from pydantic import Field, field_validator

from ...errors import must
from ...generators.convolution import ConvolutionShape
from ...generators.params import FamilyParams

__all__ = ["LARGEST", "Attention", "Conv2d", "Gemm", "Layer", "Operands", "Weights"]

LARGEST = 1 << 24
"""Of every size: far beyond any network, and small enough for every count to be exact."""

_KERNEL = "an integer of at least 1, or two: vertical, horizontal"

Weights = Literal["own", "shared", "none"]


@dataclass(frozen=True)
class Operands:
    """Elements that a layer reads and writes at least: activations in, weights in, activations out."""

    inputs: int
    weights: int
    outputs: int


class Layer(FamilyParams):
    """One layer; its properties are those of one of its `repeat` repetitions, each of which has weights of its own."""

    title: ClassVar[str] = "Layer"
    kind: ClassVar[str]

    name: str = Field(min_length=1, max_length=200, description="what it is called, once in a workload")
    repeat: int = Field(1, ge=1, le=1 << 20, description="layers of these sizes, each with weights of its own")

    @property
    @abstractmethod
    def macs(self) -> int:
        """Multiply-accumulates, those on padding included, as publications count them."""

    @property
    @abstractmethod
    def parameters(self) -> int:
        """Weights that belong to this layer; a bias is none of them."""

    @property
    @abstractmethod
    def operands(self) -> Operands:
        """Elements read and written."""

    @property
    def amount(self) -> int:
        """What a layer's share of a workload is measured by: multiply-accumulates, or without any its results."""
        return self.macs or self.operands.outputs

    @property
    @abstractmethod
    def sizes(self) -> str:
        """The sizes in a few words, for a table."""

    def document(self) -> dict[str, Any]:
        """Return the layer as a workload's YAML holds it: its type, and what is not left at its default."""
        given = self.model_dump(mode="json", exclude_defaults=True)
        last = {"repeat": given.pop("repeat")} if "repeat" in given else {}
        return {"name": given.pop("name"), "type": self.kind, **given, **last}

    @classmethod
    def rule(cls, name: str) -> str:
        """Say what values a field takes."""
        return "a text of 1 to 200 characters" if name == "name" else super().rule(name)


class Gemm(Layer):
    """Products (M, K) x (K, N): a fully connected layer, or a product of two activations."""

    title: ClassVar[str] = "Gemm"
    kind: ClassVar[str] = "gemm"

    m: int = Field(ge=1, le=LARGEST, description="rows of A: batch times positions")
    k: int = Field(ge=1, le=LARGEST, description="columns of A: input channels")
    n: int = Field(ge=1, le=LARGEST, description="columns of B: output channels")
    batch: int = Field(1, ge=1, le=LARGEST, description="products of this shape, each with an A and a B of its own")
    weights: Weights = Field(
        "own", description="B is weights of this layer (own), of another one that counts them (shared), or none"
    )

    @property
    def macs(self) -> int:
        """Multiply-accumulates of all products."""
        return self.batch * self.m * self.k * self.n

    @property
    def parameters(self) -> int:
        """Elements of B where they are weights of this layer."""
        return self.batch * self.k * self.n if self.weights == "own" else 0

    @property
    def operands(self) -> Operands:
        """A and, where it is no weights, B are activations."""
        a, b, c = (self.batch * rows * cols for rows, cols in ((self.m, self.k), (self.k, self.n), (self.m, self.n)))
        return Operands(a + b, 0, c) if self.weights == "none" else Operands(a, b, c)

    @property
    def sizes(self) -> str:
        """Sizes of the product, and how many there are."""
        several = f"{self.batch} x " if self.batch > 1 else ""
        return f"{several}({self.m}, {self.k}) x ({self.k}, {self.n})"


class Conv2d(Layer):
    """A two-dimensional convolution; with as many groups as channels a depthwise one."""

    title: ClassVar[str] = "Conv2d"
    kind: ClassVar[str] = "conv2d"

    batch: int = Field(1, ge=1, le=LARGEST, description="images")
    height: int = Field(ge=1, le=LARGEST, description="rows of an image")
    width: int = Field(ge=1, le=LARGEST, description="columns of an image")
    channels: int = Field(ge=1, le=LARGEST, description="input channels, all groups together")
    outputs: int = Field(ge=1, le=LARGEST, description="output channels, all groups together")
    kernel: Any = Field(description="one size, or (height, width)")
    stride: Any = Field(1, description="one step, or (vertical, horizontal)")
    padding: Any = Field(0, description="zeros around: one number, two, ((top, bottom), (left, right)), same or valid")
    groups: int = Field(1, ge=1, le=LARGEST, description="groups; each has its share of the channels")
    weights: Weights = Field("own", description="the kernels are of this layer, shared with another one, or none")

    @field_validator("kernel", "stride", "padding", mode="before")
    @classmethod
    def _hashable(cls, value: Any) -> Any:
        """Hold lists as tuples."""
        return tuple(cls._hashable(part) for part in value) if isinstance(value, list | tuple) else value

    def check_together(self) -> None:
        """Refuse sizes that make no convolution."""
        sizes = self._kernel
        if len(sizes) != 2 or not all(isinstance(size, int) and size is not True and size > 0 for size in sizes):
            raise must("Conv2d kernel", f"be {_KERNEL}", self.kernel)
        _ = self.shape

    @property
    def _kernel(self) -> tuple[int, ...]:
        """Height and width of the kernel."""
        return self.kernel if isinstance(self.kernel, tuple) else (self.kernel, self.kernel)

    @property
    def arguments(self) -> dict[str, Any]:
        """Shapes and geometry, as the operation ``conv2d`` of a family takes tensors."""
        return {
            "x": (self.batch, self.height, self.width, self.channels),
            "w": (*self._kernel, -(-self.channels // self.groups), self.outputs),
            "stride": self.stride,
            "padding": self.padding,
            "groups": self.groups,
        }

    @classmethod
    def rule(cls, name: str) -> str:
        """Say what values a field takes."""
        return _KERNEL if name == "kernel" else super().rule(name)

    @cached_property
    def shape(self) -> ConvolutionShape:
        """Every size of the convolution."""
        return ConvolutionShape.of(**self.arguments)

    @property
    def macs(self) -> int:
        """Multiply-accumulates."""
        return self.shape.macs

    @property
    def parameters(self) -> int:
        """Weights of all kernels where they are of this layer."""
        return self._kernels if self.weights == "own" else 0

    @property
    def _kernels(self) -> int:
        """Elements of all kernels."""
        return self.shape.reduction * self.shape.outputs

    @property
    def operands(self) -> Operands:
        """Images, kernels, results."""
        inputs = self.batch * self.height * self.width * self.channels
        results = self.shape.places * self.outputs
        if self.weights == "none":
            return Operands(inputs + self._kernels, 0, results)
        return Operands(inputs, self._kernels, results)

    @property
    def sizes(self) -> str:
        """Images, kernel and geometry."""
        shape = self.shape
        image = f"{self.batch}x{self.height}x{self.width}x{self.channels}"
        kernel = f"{shape.kernel[0]}x{shape.kernel[1]} to {self.outputs}"
        stride = f", stride {_one_or_two(shape.stride)}" if shape.stride != (1, 1) else ""
        return f"{image}, {kernel}{stride}" + (f", {self.groups} groups" if self.groups > 1 else "")


class Attention(Layer):
    """softmax(Q K^T) V: the two products of every head; the softmax between them has no multiply-accumulates."""

    title: ClassVar[str] = "Attention"
    kind: ClassVar[str] = "attention"

    batch: int = Field(1, ge=1, le=LARGEST, description="sequences")
    heads: int = Field(ge=1, le=LARGEST, description="heads of Q")
    kv_heads: int | None = Field(None, ge=1, le=LARGEST, description="heads of K and V; null: as many as of Q")
    head_dim: int = Field(ge=1, le=LARGEST, description="elements of a row of Q, K and V")
    queries: int = Field(ge=1, le=LARGEST, description="rows of Q of a sequence")
    keys: int = Field(ge=1, le=LARGEST, description="rows of K and V of a sequence")
    causal: bool = Field(False, description="the last query sees all keys, each one before it one key less")

    def check_together(self) -> None:
        """Refuse heads and queries that do not go together."""
        if self.heads % self.shared_heads:
            raise must("Attention kv_heads", f"divide heads={self.heads}", self.kv_heads)
        if self.causal and self.queries > self.keys:
            raise must("Attention queries", f"be at most keys={self.keys} with causal", self.queries)

    @property
    def shared_heads(self) -> int:
        """Heads of K and V."""
        return self.heads if self.kv_heads is None else self.kv_heads

    @property
    def pairs(self) -> int:
        """Pairs of a query and a key that it sees, of one head of one sequence."""
        hidden = self.queries * (self.queries - 1) // 2 if self.causal else 0
        return self.queries * self.keys - hidden

    @property
    def macs(self) -> int:
        """Multiply-accumulates of both products, for keys that are seen."""
        return 2 * self.batch * self.heads * self.pairs * self.head_dim

    @property
    def parameters(self) -> int:
        """None: all operands are activations."""
        return 0

    @property
    def operands(self) -> Operands:
        """Q, K and V are activations."""
        row = self.batch * self.head_dim
        q = row * self.heads * self.queries
        return Operands(q + 2 * row * self.shared_heads * self.keys, 0, q)

    @property
    def sizes(self) -> str:
        """Heads, queries and keys."""
        shared = f" on {self.shared_heads}" if self.shared_heads != self.heads else ""
        seen = "causal" if self.causal else "all"
        return f"{self.batch} x {self.heads}{shared} heads of {self.head_dim}, {self.queries} on {self.keys}, {seen}"


def _one_or_two(pair: tuple[int, int]) -> str:
    """Return two numbers, or one where they are equal."""
    return str(pair[0]) if pair[0] == pair[1] else f"{pair[0]}x{pair[1]}"
