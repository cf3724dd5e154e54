"""Which demonstrations there are; kept apart from them so that the command's help need not load them."""

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from typing import Any

from rtloom.errors import must

from .attention import defaults as attention
from .digits import defaults as digits
from .lut import defaults as lut
from .sparse import defaults as sparse

__all__ = ["DEMOS", "Demo", "find_demo"]


@dataclass(frozen=True)
class Demo:
    """One demonstration.

    Its package has a function `run.demo`, which takes folder, spec, clock in Hz, quick and what to tell progress to,
    and returns what it found with ``files`` and ``seconds``; and `results.show`, which prints that on a console.

    Parameters
    ----------
    package
        Its name among the examples.
    output, spec
        Folder for the results, and design, unless told otherwise.
    """

    package: str
    output: str
    spec: str

    @property
    def run(self) -> Callable[..., dict[str, Any]]:
        """What does the work."""
        run: Callable[..., dict[str, Any]] = self._module("run").demo
        return run

    @property
    def show(self) -> Callable[[dict[str, Any], Any], None]:
        """What prints the results."""
        show: Callable[[dict[str, Any], Any], None] = self._module("results").show
        return show

    def _module(self, name: str) -> Any:
        return import_module(f".{self.package}.{name}", __package__)


DEMOS = {
    "digits": Demo("digits", digits.OUTPUT, digits.SPEC),
    "lut": Demo("lut", lut.OUTPUT, lut.SPEC),
    "sparse": Demo("sparse", sparse.OUTPUT, sparse.SPEC),
    "attention": Demo("attention", attention.OUTPUT, attention.SPEC),
}


def find_demo(name: str) -> Demo:
    """Return a demonstration by its name.

    Raises
    ------
    InputError
        Where there is none of that name.
    """
    if name not in DEMOS:
        raise must("Demo", f"be one of {', '.join(DEMOS)}", name)
    return DEMOS[name]
