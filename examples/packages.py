"""Packages that only the demos need: imported when they run, one clear line where they are missing."""

from importlib import import_module
from typing import Any

from rtloom.errors import ToolError

__all__ = ["require"]

_TITLES = {"sklearn": "scikit-learn"}


def require(module: str, extra: str = "demo") -> Any:
    """Import and return a module of a package that an extra brings.

    Parameters
    ----------
    module
        Its dotted name.
    extra
        The extra of rtloom that brings it.

    Raises
    ------
    ToolError
        Where the package is not installed.
    """
    try:
        return import_module(module)
    except ImportError:
        package = module.partition(".")[0]
        title = _TITLES.get(package, package)
        raise ToolError(f"{title} must be installed for the demo: pip install 'rtloom[{extra}]'") from None
