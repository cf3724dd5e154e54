"""What the engine's tests compute: tasks that are quick, fail, crash or hang, and note each time they were begun."""

import hashlib
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from rtloom.dse.engine.task import Task
from rtloom.errors import ToolError

SEED = "toy"


def key_of(number: int) -> str:
    return hashlib.sha256(f"{SEED} {number}".encode()).hexdigest()


def task(name: str, number: int = 0, **payload) -> Task:
    """Return a task that calls a function of this file."""
    return Task(key_of(number), f"engine_toys:{name}", f"point-{number // 2}", {"number": number, **payload})


def mixed(payload):
    """Note the call; fail in a tenth of the numbers, as the key says, kill the worker in the 13th, pass in others."""
    number, key = payload["number"], key_of(payload["number"])
    with Path(payload["side"]).open("a") as file:
        file.write(f"{number} {os.getpid()}\n")
    time.sleep(payload["sleep"])
    if number == 13:
        os.kill(os.getpid(), signal.SIGKILL)
    if int(key[:2], 16) < 26:
        raise ToolError(f"tool failed on {number}")
    return {"value": int(key[:8], 16), "pair": (number, -number)}


def double(payload):
    return {"value": 2 * payload["number"]}


def refuse(payload):
    raise ToolError("Yosys must be there,\nbut is not")


def divide(payload):
    return {"value": payload["number"] // 0}


def endless(payload):
    return {"value": float("inf")}


def words(payload):
    return ["no", "dictionary"]


def crash(payload):
    os.write(1, b"line before\nlast words\n")
    os.kill(os.getpid(), signal.SIGSEGV)


def leave(payload):
    os._exit(7)


def wander(payload):
    """Die, but for the first time on a file's word."""
    mark = Path(payload["mark"])
    if not mark.exists():
        mark.touch()
        os._exit(1)
    return {"value": "came back"}


def hang(payload):
    """Wait for ever on a child in a session of its own, as tools run."""
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(1000)"], start_new_session=True)
    Path(payload["pids"]).write_text(f"{os.getpid()} {child.pid}")
    child.wait()


def gone(pid: int, patience: float = 10.0) -> bool:
    """Return whether a process ends within that time; one that was not waited for has ended as well."""
    until = time.monotonic() + patience
    while time.monotonic() < until:
        stat = Path(f"/proc/{pid}/stat")
        if not stat.exists() or stat.read_text().rpartition(")")[2].split()[0] == "Z":
            return True
        time.sleep(0.02)
    return False


def spin(payload):
    while True:
        time.sleep(0.01)
