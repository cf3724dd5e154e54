"""Progress through a known number of steps."""

from collections.abc import Callable

__all__ = ["Steps", "Tell"]

Tell = Callable[[str, float], object]
"""Called with what begins and the share that is done, 0 to 1."""


class Steps:
    """Tells what begins, and which share of the steps lies behind.

    Parameters
    ----------
    tell
        Called at each step.
    count
        How many there are.
    """

    def __init__(self, tell: Tell, count: int) -> None:
        self.tell = tell
        self.count = count
        self.done = 0

    def __call__(self, text: str) -> None:
        """Begin a step."""
        self.tell(text, self.done / self.count)
        self.done += 1
