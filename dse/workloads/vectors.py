"""What a transformer does to vectors between its products, as a layer of a workload."""

from typing import ClassVar

from pydantic import Field

from ...errors import must
from ...generators.vector.params import Unit
from .layers import LARGEST, Layer, Operands

__all__ = ["Vector"]


class Vector(Layer):
    """A function of vectors: each one normalised, turned, or changed element by element; no multiply-accumulates."""

    title: ClassVar[str] = "Vector"
    kind: ClassVar[str] = "vector"

    function: Unit = Field(description="what is computed, as the family's parameter `unit` calls it")
    vectors: int = Field(ge=1, le=LARGEST, description="how many there are: rows of scores, positions, heads")
    length: int = Field(ge=1, le=LARGEST, description="elements of each")

    def check_together(self) -> None:
        """Refuse elements that have no partner to turn with."""
        if self.function == "rope" and self.length % 2:
            raise must("Vector length", "be even for rope", self.length)

    @property
    def elements(self) -> int:
        """Elements of all vectors."""
        return self.vectors * self.length

    @property
    def macs(self) -> int:
        """None as publications count them."""
        return 0

    @property
    def parameters(self) -> int:
        """None: gamma and beta of norms are parameters of no layer."""
        return 0

    @property
    def operands(self) -> Operands:
        """As many elements out as in; gamma, beta and angles are left out."""
        return Operands(self.elements, 0, self.elements)

    @property
    def sizes(self) -> str:
        """How many vectors, and how long, after the function."""
        return f"{self.function}, {self.vectors} x {self.length}"
