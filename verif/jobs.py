"""The jobs of every family, found by the family's name."""

from typing import Any

from ..generators.family import Family
from ..generators.spec import family
from .dut.gemm_jobs import GemmJobs
from .dut.gemm_kind import GemmKind
from .families.attention import ATTENTION_JOBS
from .families.base import FamilyJobs
from .families.example import ExampleJobs
from .families.lut import LUT_JOBS
from .families.sparse import SPARSE_JOBS
from .families.systolic import SYSTOLIC_JOBS
from .families.vector import VECTOR_JOBS

__all__ = ["jobs_of"]

_EVERY = (SYSTOLIC_JOBS, LUT_JOBS, SPARSE_JOBS, ATTENTION_JOBS, VECTOR_JOBS)
_BUILT_IN: dict[str, FamilyJobs[Any]] = {jobs.name: jobs for jobs in _EVERY}


def jobs_of(wanted: str | Family[Any]) -> FamilyJobs[Any]:
    """Return what a family brings to verification; its examples, where it brings nothing.

    Raises
    ------
    InputError
        Where there is no family of the wanted name.
    """
    name = wanted if isinstance(wanted, str) else wanted.name
    if name in _BUILT_IN:
        return _BUILT_IN[name]
    found = family(wanted) if isinstance(wanted, str) else wanted
    return GemmJobs(found) if isinstance(found, GemmKind) else ExampleJobs(found)
