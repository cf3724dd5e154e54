"""A design on a board as a function on arrays: NumPy in, the hardware's beats over the line, NumPy out."""

import time
from types import TracebackType
from typing import Any, Self

from numpy.typing import NDArray

from ...errors import CheckError
from ...generators.spec import Spec, presets
from ..link.identity import identity_of
from ..link.protocol import VERSION, Counters, Greeting, Op
from .exchange import Exchange
from .line import Line
from .report import BoardReport
from .transfer import Transfer

__all__ = ["Device"]


class Device:
    """A board that holds a design, as `connect` gives it; a context manager that gives the port back.

    Parameters
    ----------
    spec
        The design.
    line
        The connection; the device closes it.
    exchange
        The protocol on it.

    Raises
    ------
    CheckError
        Where nothing answers, or something else than a board that holds the design.
    """

    def __init__(self, spec: Spec, line: Line, exchange: Exchange) -> None:
        self.spec = spec
        self.port = exchange.port
        self._line = line
        self._exchange = exchange
        self._check()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Give the port back; a second time does nothing."""
        self._line.close()

    def run(self, operation: str | None = None, **tensors: Any) -> tuple[NDArray[Any], BoardReport]:
        """Run an operation on the board.

        Parameters
        ----------
        operation
            One of the design's operations; if not given the first one, which is ``gemm`` where there is one.
        **tensors
            The operation's arguments.

        Returns
        -------
        tuple
            The result, int64, and the `BoardReport`.

        Raises
        ------
        InputError
            Where tensors do not fit.
        CheckError
            Where the board stops answering, takes or gives too little, or gives too much.
        ToolError
            Where the port fails.
        """
        family, params = self.spec.family, self.spec.params
        operation = family.operations_of(params)[0] if operation is None else operation
        job = family.lower(params, operation, **tensors)
        started, before = time.monotonic(), self._exchange.statistics.copy()
        self._exchange.ask(Op.RESET)
        outputs = Transfer(self._exchange, family.ports(params), job).run()
        counters = Counters.parse(self._exchange.ask(Op.COUNTERS).payload)
        seconds = time.monotonic() - started
        report = BoardReport(
            design=self.spec.name,
            operation=operation,
            port=self.port,
            counters=counters,
            formula_cycles=family.cycles(params, job),
            macs=job.work,
            seconds=seconds,
            line=self._exchange.statistics.since(before),
        )
        return family.lift(params, job, outputs), report

    def _check(self) -> None:
        """Ask the board who it is; raise where it is not the one that the design needs."""
        greeting = Greeting.parse(self._exchange.ask(Op.HELLO).payload)
        if greeting.version != VERSION:
            raise CheckError(
                f"Board at {self.port} must speak version {VERSION} of the protocol, not {greeting.version}"
            )
        wanted = identity_of(self.spec)
        if greeting.identity != wanted:
            raise CheckError(
                f"Board at {self.port} must hold {self.spec.name} (identity {wanted.hex()}), "
                f"not {_who(greeting.identity)}"
            )


def _who(found: bytes) -> str:
    """Name the design that an identity belongs to."""
    names = [name for name, spec in presets().items() if identity_of(spec) == found]
    return f"{names[0] if names else 'another design'} (identity {found.hex()})"
