"""Simulators built in the background while something else is done."""

from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from types import TracebackType
from typing import TYPE_CHECKING, Self

import rtloom
from rtloom.sim.build import build_native

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["Builds"]


class Builds:
    """Builds simulators one after the other; to be entered and left as a context.

    Parameters
    ----------
    specs
        The designs, those needed first at the beginning.
    workers
        How many are built at once.
    """

    def __init__(self, specs: Sequence[rtloom.Spec], workers: int = 1) -> None:
        self.specs = specs
        self._pool = ThreadPoolExecutor(workers)
        self._built: dict[str, Future[Path]] = {}

    def __enter__(self) -> Self:
        # Emission is not for several threads at once.
        for spec in self.specs:
            design = rtloom.emit_design(spec)
            self._built[spec.name] = self._pool.submit(build_native, design.verilog, design.manifest.top)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._pool.shutdown(cancel_futures=True)

    def wait(self, spec: rtloom.Spec) -> None:
        """Return when a design's simulator lies in the cache; raises what stopped its building."""
        self._built[spec.name].result()
