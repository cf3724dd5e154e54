"""What the regression's processes run in tests: tasks that are quick, crash, hang or count how often they ran."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path


def verdict(task, folder: Path) -> str:
    """Fail one configuration in two, as its own seed decides."""
    (folder / "waves.fst").write_bytes(b"wave")
    seed = task.configuration.seed
    return "" if seed % 2 else f"o must be {seed}, not 0"


def crash(task, folder: Path) -> str:
    """Crash in the first, raise in the second, leave with a status in the third, pass in the others."""
    os.write(1, b"working\n")
    if task.number == 0:
        os.kill(os.getpid(), signal.SIGSEGV)
    if task.number == 1:
        raise ZeroDivisionError("by nothing")
    if task.number == 2:
        os._exit(7)
    return ""


def hang(task, folder: Path) -> str:
    """Wait for ever in the first, on a child in a session of its own; pass in the others."""
    return "" if task.number else slow(task, folder, 1000)


def slow(task, folder: Path, seconds: float = 0.25) -> str:
    """Note that the task ran, and wait for a child in a session of its own, as simulators run."""
    ran = folder.parent.parent / "ran"
    ran.mkdir(exist_ok=True)
    child = subprocess.Popen([sys.executable, "-c", f"import time; time.sleep({seconds})"], start_new_session=True)
    with (ran / str(task.number)).open("a") as file:
        file.write(f"{child.pid}\n")
    child.wait()
    return ""


def gone(pids: list[int], patience: float = 10.0) -> bool:
    """Return whether all processes end within that time."""
    until = time.monotonic() + patience
    while time.monotonic() < until:
        if not any(_alive(pid) for pid in pids):
            return True
        time.sleep(0.05)
    return False


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    stat = Path(f"/proc/{pid}/stat")
    # One that has ended and was not waited for is gone as well.
    return not stat.exists() or stat.read_text().rpartition(")")[2].split()[0] != "Z"
