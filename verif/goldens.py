"""Find the golden functions of a family by its name for them."""

from importlib import import_module
from typing import TYPE_CHECKING, Any, cast

import numpy as np
from numpy.typing import NDArray

from ..generators.family import Family, Job

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["compute", "framing"]

IntArray = NDArray[np.int64]


def compute(family: Family[Any], params: Any, operation: str, tensors: dict[str, Any]) -> IntArray:
    """Return the result of an operation from the family's golden model."""
    model = cast("Callable[..., IntArray]", import_module(family.golden_module).compute)
    return model(params, operation, **tensors)


def framing(family: Family[Any], params: Any, job: Job) -> dict[str, NDArray[np.bool_]]:
    """Return which output beats carry `last`, for the output streams of which the golden model says so."""
    model = getattr(import_module(family.golden_module), "framing", None)
    if model is None:
        return {}
    return cast("dict[str, NDArray[np.bool_]]", model(params, job.inputs))
