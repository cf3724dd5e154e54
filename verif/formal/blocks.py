"""All building blocks proven against naive models and plain arithmetic."""

from collections.abc import Sequence
from functools import cache
from pathlib import Path

from ...errors import must
from .block import Block, prove_block
from .block_arithmetic import arithmetic_blocks
from .block_functions import function_blocks
from .block_streams import stream_blocks
from .design import TIME_LIMIT, Tell
from .engine import find_abc
from .proof import ProofReport

__all__ = ["all_blocks", "prove_blocks"]


@cache
def all_blocks() -> tuple[Block, ...]:
    """Return every claim about a building block; their Verilog is emitted once."""
    return (*stream_blocks(), *arithmetic_blocks(), *function_blocks())


def prove_blocks(
    only: Sequence[str] | None = None,
    time_limit: float = TIME_LIMIT,
    traces: Path | None = None,
    tell: Tell = lambda *_: None,
) -> ProofReport:
    """Prove the building blocks.

    Parameters
    ----------
    only
        Names, or beginnings of names: ``queue`` is all queues; all blocks if not given.
    time_limit, traces, tell
        As `design.prove`.

    Raises
    ------
    InputError
        Where nothing begins so.
    ToolError
        Where a tool is missing or fails.
    """
    find_abc()
    known = all_blocks()
    for name in only or ():
        if not any(block.name.startswith(name) for block in known):
            raise must("Option --only", f"begin one of {', '.join(block.name for block in known)}", name)
    wanted = [block for block in known if not only or block.name.startswith(tuple(only))]
    proofs = []
    for number, block in enumerate(wanted):
        tell(block.name, number, len(wanted))
        proofs.append(prove_block(block, time_limit, traces))
    return ProofReport("blocks", "", tuple(proofs))
