"""A run as it is seen at the terminal."""

import time
from collections import Counter
from typing import Self

from rich.console import Console
from rich.live import Live
from rich.text import Text

from .outcome import Progress

__all__ = ["Display", "described"]

_PLAIN = 10.0
"""Seconds between two lines where there is no terminal."""
_WIDTH = 30


class Display:
    """How far a run is: lines that stay in place on a terminal, else a line every ten seconds, on standard error.

    Calling it with a `Progress` shows that, as `run_tasks` does.

    Parameters
    ----------
    quiet
        Shows nothing at all.
    """

    def __init__(self, quiet: bool = False) -> None:
        self._quiet, self._note = quiet, ""
        self._console = Console(stderr=True, highlight=False)
        # Refreshed by hand: no thread of its own runs while processes start.
        self._live = Live(console=self._console, auto_refresh=False, transient=True)
        self._shown = 0.0

    def __enter__(self) -> Self:
        if self._console.is_terminal and not self._quiet:
            self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._live.stop()

    def say(self, text: str) -> None:
        """Print a sentence, which stays."""
        if not self._quiet:
            self._console.print(Text(text), soft_wrap=True)

    def note(self, text: str) -> None:
        """Set what the caller adds to the lines, such as the size of the present front."""
        self._note = text

    def __call__(self, progress: Progress) -> None:
        """Show how far a run is; its end is always shown."""
        if self._quiet:
            return
        if self._console.is_terminal:
            self._live.update(Text(described(progress, self._note, bar=True)), refresh=True)
            return
        over = progress.done + progress.failed == progress.total
        if over or time.monotonic() - self._shown > _PLAIN:
            self._shown = time.monotonic()
            self.say(described(progress, self._note, bar=False).splitlines()[0])


def described(progress: Progress, note: str, bar: bool) -> str:
    """Return what is shown of a run; the first line holds the sums, with a bar the others what runs and each kind."""
    ended = progress.done + progress.failed
    parts = [f"{ended:,} of {progress.total:,} tasks"]
    parts += [f"{progress.failed:,} failed"] * bool(progress.failed)
    parts += [f"{progress.reused:,} known before"] * bool(progress.reused)
    parts += [f"{progress.elsewhere:,} in other runs"] * bool(progress.elsewhere)
    parts += [f"{60 * progress.rate:.1f} a minute"] * bool(progress.rate)
    parts += [f"{_clock(progress.left)} left"] if progress.left else []
    parts += [note] * bool(note)
    if not bar:
        return ", ".join(parts)
    filled = _WIDTH * ended // max(progress.total, 1)
    kinds = (f"{_name(kind)} {done:,}/{total:,}" for kind, (done, total) in progress.kinds.items())
    running = Counter(_name(task.kind) for task in progress.running)
    under_way = ", ".join(f"{count} {name}" for name, count in running.items()) or "nothing"
    return f"{'━' * filled}{'╌' * (_WIDTH - filled)} {', '.join(parts)}\n{', '.join(kinds)}; running: {under_way}"


def _name(kind: str) -> str:
    """Return the name of a kind's function."""
    return kind.rpartition(":")[2]


def _clock(seconds: float) -> str:
    """Return a time as 1:02:03 or 2:03."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
