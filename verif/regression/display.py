"""A regression as it is seen at the terminal."""

from collections.abc import Callable
from typing import Self

from rich.console import Console
from rich.live import Live
from rich.text import Text

from .failures import Failure
from .plan import Listener, State

__all__ = ["Display"]


class Display(Listener):
    """Sentences and failures as lines, and below them, where there is a terminal, how far the regression is.

    Parameters
    ----------
    tell
        Takes the text of each failure.
    """

    def __init__(self, tell: Callable[[str], None]) -> None:
        self._tell = tell
        self._console = Console(stderr=True, highlight=False)
        # Refreshed by hand: no thread of its own runs while processes start.
        self._live = Live(console=self._console, auto_refresh=False, transient=True)

    def __enter__(self) -> Self:
        if self._console.is_terminal:
            self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._live.stop()

    def say(self, text: str) -> None:
        """Print a sentence to standard error."""
        self._console.print(Text(text), soft_wrap=True)

    def failed(self, failure: Failure) -> None:
        """Hand on a failure."""
        self._tell(str(failure))

    def state(self, state: State) -> None:
        """Show how far the regression is."""
        self._live.update(Text(status(state)), refresh=self._console.is_terminal)


def status(state: State) -> str:
    """Return the lines that say how far a regression is."""
    left = "" if state.left is None else f", {_clock(state.left)} left"
    presets = f", {state.presets} presets waiting" if state.presets else ""
    return (
        f"{state.done} done, {state.failed} failed, {60 * state.rate:.1f} a minute{presets}{left}\n"
        f"running: {', '.join(state.running) or 'nothing'}"
    )


def _clock(seconds: float) -> str:
    """Return a time as 1:02:03 or 2:03."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
