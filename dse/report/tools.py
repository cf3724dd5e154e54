"""The libraries that draw and write: asked for before long work begins."""

from importlib import import_module
from importlib.util import find_spec
from typing import Any

from ...errors import ToolError

__all__ = ["check_tools", "has_parquet", "tool"]

NEEDED = {"plotly": "the report's page", "matplotlib": "the report's pictures"}


def check_tools() -> None:
    """Ask for what a report needs, without loading it.

    Raises
    ------
    ToolError
        Where plotly or matplotlib is not installed.
    """
    for name, what in NEEDED.items():
        if find_spec(name) is None:
            raise _missing(name, what)


def has_parquet() -> bool:
    """Return whether tables can be written as Parquet: pyarrow is installed."""
    return find_spec("pyarrow") is not None


def tool(name: str) -> Any:
    """Return a module of one of the libraries.

    Raises
    ------
    ToolError
        Where it is not installed.
    """
    root = name.partition(".")[0]
    try:
        return import_module(name)
    except ModuleNotFoundError:
        raise _missing(root, NEEDED.get(root, "the report")) from None


def _missing(name: str, what: str) -> ToolError:
    return ToolError(f"{name} must be installed for {what}: pip install 'rtloom[dse]'")
