"""What is kept of a failed task: its design, what was wrong, how to run it again, and the waveform."""

import json
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from .pool import RESULT
from .tasks import Task

__all__ = ["Failure", "keep"]


@dataclass(frozen=True)
class Failure:
    """A task that failed: what it was, what was wrong, and the folder in which all about it is kept."""

    task: Task
    message: str
    seconds: float
    folder: Path

    def to_dict(self) -> dict[str, Any]:
        """Return plain values, as ``--json`` prints them."""
        task = self.task
        return {
            "name": task.name,
            "family": task.family,
            "kind": task.kind,
            "seed": task.seed,
            "number": task.number,
            "message": self.message,
            "configuration": task.configuration.to_dict() if task.configuration else None,
            "command": task.command,
            "folder": str(self.folder),
        }

    def __str__(self) -> str:
        return f"{self.message}\n  {self.task}\n  again: {self.task.command}\n  kept: {self.folder}"


def keep(failure: Failure, left: Path) -> None:
    """Complete the folder that a failed task left and move it to its place.

    It then holds ``seed``, ``spec.yaml``, ``message.txt``, ``rerun.sh``, ``log.txt`` (all that was printed), for a
    random configuration ``configuration.json``, and where the simulator came so far ``waves.fst`` and ``junit.xml``.
    """
    task, spec = failure.task, failure.task.spec
    design = {"family": spec.family.name, "name": spec.name, "params": spec.params.to_dict()}
    texts = {
        "seed": f"{task.seed}\n",
        "spec.yaml": yaml.safe_dump(design, sort_keys=False),
        "message.txt": f"{failure.message}\n",
        "rerun.sh": _script(task),
    }
    if task.configuration is not None:
        texts["configuration.json"] = json.dumps(task.configuration.to_dict(), indent=2) + "\n"
    for name, text in texts.items():
        (left / name).write_text(text)
    (left / "rerun.sh").chmod(0o755)
    (left / RESULT).unlink(missing_ok=True)
    failure.folder.parent.mkdir(parents=True, exist_ok=True)
    shutil.rmtree(failure.folder, ignore_errors=True)
    shutil.move(left, failure.folder)


def _script(task: Task) -> str:
    """Return the script that runs a task alone; what comes of it goes to ``again`` beside the script."""
    if task.kind == "preset":
        words = f"verify spec.yaml --seed {task.seed} --junit again/junit.xml --waves again/waves.fst"
    else:
        words = f"{task.command.removeprefix('rtloom ')} --fresh --output again"
    return f"""#!/bin/sh
# Runs this task alone, with rtloom from PATH or $RTLOOM; exit status 1 where it still fails.
cd "$(dirname "$0")" || exit 2
exec "${{RTLOOM:-rtloom}}" {words}
"""
