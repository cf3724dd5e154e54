"""The FuseSoC core file beside the Verilog, so that other hardware projects can depend on the design."""

import json

from ..hdl.manifest import Manifest

__all__ = ["core_file"]

_TEMPLATE = """\
CAPI=2:
name: {vlnv}
description: {description}

filesets:
  rtl:
    files:
      - {verilog}
    file_type: verilogSource

targets:
  default: &default
    filesets: [rtl]
    toplevel: {top}
  lint:
    <<: *default
    default_tool: verilator
    tools:
      verilator:
        mode: lint-only
        verilator_options: [-Wall, -Wno-DECLFILENAME]
"""


def core_file(manifest: Manifest, description: str = "") -> str:
    """Return the text of ``<top>.core`` in FuseSoC's CAPI2 format.

    Parameters
    ----------
    manifest
        The design.
    description
        One line for people.
    """
    return _TEMPLATE.format(
        vlnv=f"rtloom:{manifest.family}:{manifest.top}:{manifest.rtloom}",
        description=json.dumps(description or f"{manifest.family} design {manifest.name}"),
        verilog=f"{manifest.top}.v",
        top=manifest.top,
    )
