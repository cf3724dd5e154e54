"""rtloom: accelerators as functions on arrays. NumPy in, verified Verilog out."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .boards.flow.bitstream import bitstream as bitstream
    from .boards.host.connect import connect as connect
    from .boards.virtual.board import VirtualBoard as VirtualBoard
    from .errors import CheckError as CheckError
    from .errors import InputError as InputError
    from .errors import RtloomError as RtloomError
    from .errors import ToolError as ToolError
    from .generators.design import Design as Design
    from .generators.design import emit_design as emit_design
    from .generators.design import write_design as write_design
    from .generators.spec import Spec as Spec
    from .generators.spec import families as families
    from .generators.spec import load as load
    from .generators.spec import presets as presets
    from .verif.simulate import Report as Report
    from .verif.simulate import simulate as simulate

_HOME = {
    "boards.flow.bitstream": ("bitstream",),
    "boards.host.connect": ("connect",),
    "boards.virtual.board": ("VirtualBoard",),
    "errors": ("CheckError", "InputError", "RtloomError", "ToolError"),
    "generators.design": ("Design", "emit_design", "write_design"),
    "generators.spec": ("Spec", "families", "load", "presets"),
    "verif.simulate": ("Report", "simulate"),
}
"""Which module brings which public name; it is imported when the name is first used."""

_MODULE_OF = {name: module for module, names in _HOME.items() for name in names}

__all__ = [
    "CheckError",
    "Design",
    "InputError",
    "Report",
    "RtloomError",
    "Spec",
    "ToolError",
    "VirtualBoard",
    "__version__",
    "bitstream",
    "connect",
    "emit_design",
    "families",
    "load",
    "presets",
    "simulate",
    "write_design",
]


def __getattr__(name: str) -> Any:
    """Import a public name when it is first used, so that ``import rtloom`` costs nothing."""
    if name == "__version__":
        from importlib.metadata import version

        value: Any = version("rtloom")
    elif name in _MODULE_OF:
        value = getattr(import_module(f".{_MODULE_OF[name]}", __name__), name)
    else:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    """List the public names."""
    return [*globals(), *__all__]
