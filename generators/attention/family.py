"""The attention family as one object: parameters, hardware, mapping and timing."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from numpy.typing import NDArray

from ...errors import must
from ...hdl.ports import Beats, StreamPort
from ..family import Family, Job
from ..operands import reject_unknown
from . import timing
from .arguments import ARGUMENTS, NEEDED, attend
from .examples import attention_example
from .mapping import lift_attention, lift_summary, lower_attention
from .params import AttentionParams
from .ports import stream_ports

if TYPE_CHECKING:
    from amaranth.lib import wiring

__all__ = ["ATTENTION", "Attention"]


class Attention(Family[AttentionParams]):
    """Softmax attention of integer Q, K and V, masked, over up to 2**20 keys that stream by."""

    name = "attention"
    summary = (
        "softmax(scale * Q K^T + mask) V in one pass; memory independent of the length; shared heads, int4 to int8 KV"
    )
    params = AttentionParams
    golden_module = "rtloom.verif.golden.attention"
    operations = ("attention", "summary")

    def component(self, params: AttentionParams) -> "wiring.Component":
        """Return the hardware for these parameters."""
        from .tile import AttentionTile

        return AttentionTile(params)

    def ports(self, params: AttentionParams) -> tuple[StreamPort, ...]:
        """Describe the streams of the component."""
        return stream_ports(params)

    def lower(self, params: AttentionParams, operation: str, **tensors: Any) -> Job:
        """Cut tensors into transactions.

        Parameters
        ----------
        params
            The engine's parameters.
        operation
            ``attention``: result ``(B, H, Lq, f)``, or with fewer leading axes as `q` has them. ``summary``: of the
            same arguments what is said about each row, ``(B, H, Lq, 2)``: its maximum (the largest logit rounded up
            to whole octaves) and whether it saw no key; with unified_max a third number, whether it was done again.
        **tensors
            `q` ``(B, H, Lq, e)``, ``(H, Lq, e)`` or ``(Lq, e)``; `k` ``(B, Hkv, Lk, e)``, `v` ``(B, Hkv, Lk, f)``, as
            many axes; head h sees those of head ``h // (H / Hkv)``. `scale_multiplier`, `scale_shift` (one number,
            ``(H,)`` or ``(B, H, Lq)``): a logit, in base 2 and units of ``2**-logit_fraction``, is
            ``q.k * scale_multiplier / 2**scale_shift``; see `scales.logit_scale`. `causal` (0 or 1), `window` (keys
            up to the query's position that it sees), `sink` (first keys that count besides a window), `length` (valid
            keys, one number or ``(B,)``, all by default), `position` (of the first query with causal or window, one
            number or ``(B,)``, ``length - Lq`` by default). Those of the units that the design was built with:
            `k_scale`, `v_scale` (one number or ``(B, Hkv, Lk, groups)``), elements being ``code * scale``; `offset`
            (one number, ``(H,)`` or ``(B, H, Lq)``), the maximum expected; `multiplier`, `shift` (likewise),
            `zero_point`.
        """
        if operation not in self.operations:
            raise must("Attention operation", f"be {' or '.join(self.operations)}", operation)
        reject_unknown(f"Attention {operation}", tensors, ARGUMENTS, NEEDED)
        return lower_attention(params, operation, attend(params, tensors))

    def lift(self, params: AttentionParams, job: Job, outputs: Mapping[str, Beats]) -> NDArray[Any]:
        """Put the output transactions together to the result tensor, ``int64``."""
        if job.plan.operation == "summary":
            return lift_summary(job.plan, outputs["summary"])
        return lift_attention(params, job.plan, outputs["o"])

    def cycles(self, params: AttentionParams, job: Job) -> int:
        """Return the exact clock cycles of a job under no back-pressure."""
        return timing.cycles(params, job.plan.slots)

    def peak(self, params: AttentionParams) -> float:
        """Return the multiplications of one cycle; useful ones are those of keys that a row sees."""
        return params.multipliers

    def describe_timing(self, params: AttentionParams) -> dict[str, Any]:
        """Summarise the exact timing for the manifest."""
        return timing.describe(params)

    def example(self, params: AttentionParams, size: str, seed: int) -> tuple[str, dict[str, Any]]:
        """Return an operation and random tensors for a self-test."""
        return "attention", attention_example(params, size, seed)


ATTENTION = Attention()
