"""The demo's part with a real transformer: its projections as GEMVs, or one line that says what is missing for them."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import rtloom
from rtloom.errors import InputError, ToolError

from ..packages import require
from ..progress import Tell
from ..transformer.gemv import BITS, GROUP, SPEC, gemv_spec, transformer_gemv
from ..transformer.names import MATRICES
from ..transformer.tensors import EXTRA
from ..transformer.weights import TransformerWeights, load_model

__all__ = ["Projections", "find_projections"]

GEMV_SPEC = SPEC
QUICK_BITS = (2,)
QUICK_ROLES = ("query", "feed_forward_in")


@dataclass(frozen=True)
class Projections:
    """Which matrices are multiplied, and of what.

    Parameters
    ----------
    model
        The transformer, or None where it cannot be had.
    missing
        What it lacks and how to get that, in one line; empty where there is a model.
    roles
        Which projections of layer 0.
    bits
        Bits of the weights, a design for each.
    """

    model: TransformerWeights | None
    missing: str
    roles: Sequence[str]
    bits: Sequence[float]

    @property
    def steps(self) -> int:
        """How often `run` tells of something that begins."""
        return len(self.roles) * len(self.bits) if self.model else 0

    def run(self, tell: Tell) -> dict[str, Any]:
        """Run the GEMVs.

        Parameters
        ----------
        tell
            Called at each step.

        Returns
        -------
        dict
            What `transformer_gemv` returns, or ``missing`` alone.

        Raises
        ------
        CheckError
            Where RTL and golden model differ.
        """
        if self.model is None:
            return {"missing": self.missing}
        return transformer_gemv(self.model, roles=self.roles, bits=self.bits, spec=GEMV_SPEC, tell=tell)

    def write(self, folder: Path) -> list[Path]:
        """Write Verilog, manifest and FuseSoC core of each design that `run` takes; return the files."""
        designs = [gemv_spec(GEMV_SPEC, count, GROUP) for count in self.bits] if self.model else []
        return [path for spec in designs for path in rtloom.write_design(spec, folder)]


def find_projections(quick: bool) -> Projections:
    """Return all projections at all widths, or two at one if it is to be `quick`; without a model if there is none."""
    model, missing = None, ""
    try:
        require("tokenizers", EXTRA)
        model = load_model()
    except (ToolError, InputError) as error:
        missing = str(error)
    return Projections(model, missing, QUICK_ROLES if quick else MATRICES, QUICK_BITS if quick else BITS)
