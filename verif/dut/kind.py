"""Verilog of other hands without a specification of rtloom's: what it computes is a kind, its ports a manifest."""

from collections.abc import Sequence
from pathlib import Path

from ...errors import must
from .gemm_manifest import read_gemm
from .run import DutReport, verify_bound

__all__ = ["KINDS", "verify_kind"]

KINDS = ("gemm",)
"""What a design may compute: ``gemm``, the product of two integer matrices."""


def verify_kind(
    kind: str,
    manifest: Path,
    files: Sequence[Path],
    top: str | None = None,
    *,
    seed: int = 1,
    only: Sequence[str] | None = None,
    junit: Path | None = None,
    waves: Path | None = None,
) -> DutReport:
    """Run jobs, corners, stalls and resets on a design that is known by its manifest alone, and classify.

    Parameters
    ----------
    kind
        A name in `KINDS`.
    manifest
        JSON file; see `gemm_manifest.read_gemm`.
    files
        Its Verilog or SystemVerilog files, in order.
    top
        Its top module, where the manifest names another one.
    seed
        Of data and stalls.
    only, junit, waves
        As `verify` has them.

    Raises
    ------
    InputError
        Where kind, manifest, seed or a file name are wrong; what is wrong with the design itself is a finding.
    ToolError
        Where a tool is missing or crashes.
    """
    if kind not in KINDS:
        raise must("Kind", f"be {' or '.join(KINDS)}", kind)
    bound, spec = read_gemm(manifest, top)
    return verify_bound(spec, files, bound, seed=seed, only=only, junit=junit, waves=waves)
