"""Write a testbench that needs no rtloom: for people who take the Verilog away."""

import json
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..files import write_files
from ..generators.design import Design
from ..generators.spec import Spec
from ..hdl.manifest import Manifest
from ..hdl.ports import StreamPort
from .families.example import EXAMPLES
from .scenarios import Expected, Sent
from .vectors import make_vectors

__all__ = ["write_testbench"]

HERE = Path(__file__).parent


RESET_CYCLES = 3
"""One cycle does for the hardware; the further ones are watched for outputs that are valid in reset."""


def write_testbench(design: Design, spec: Spec, directory: Path, *, seed: int = 1) -> list[Path]:
    """Write the design with a self-contained cocotb 2 testbench.

    Parameters
    ----------
    design
        Verilog and manifest.
    spec
        What the design was made from.
    directory
        Where to; made if need be. Gets ``<name>.v``, ``test_<name>.py``, ``test_<name>.json`` (wires and golden
        vectors), ``run.py`` (builds and runs with Verilator or Icarus) and a ``Makefile`` that calls it.
    seed
        Of the golden vectors' random data.

    Returns
    -------
    list of Path
        What was written.

    Raises
    ------
    InputError
        Where the directory cannot be written.
    """
    top = design.manifest.top
    texts = {
        f"{top}.v": design.verilog,
        f"test_{top}.py": (HERE / "standalone_bench.py").read_text(),
        f"test_{top}.json": json.dumps(bench_data(design.manifest, spec, seed), indent=1) + "\n",
        "run.py": (HERE / "standalone_run.py").read_text().replace("@TOP@", top),
        "Makefile": MAKEFILE.replace("@TOP@", top),
    }
    return write_files(Path(directory), texts)


MAKEFILE = """\
# Testbench of @TOP@: make [SIM=verilator|icarus] [WAVES=1]
SIM ?= verilator
PYTHON ?= python3

.PHONY: test clean
test:
\t$(PYTHON) run.py $(SIM) $(if $(WAVES),--waves)

clean:
\trm -rf sim_build_* __pycache__ results.xml
"""


def bench_data(manifest: Manifest, spec: Spec, seed: int) -> dict[str, Any]:
    """Return what ``test_<name>.json`` holds: wires, and for each job the words of every stream."""
    jobs: dict[str, dict[str, Any]] = {}
    for size in EXAMPLES:
        operation, tensors = spec.family.example(spec.params, size, seed)
        vectors = make_vectors(spec.family, spec.params, operation, tensors)
        jobs[size] = {
            "cycles": vectors.cycles,
            **{name: sent_words(sent) for name, sent in vectors.sent.items()},
            **{
                bound.port.name: expected_words(bound.port, vectors.expected[bound.port.name])
                for bound in manifest.streams
                if bound.port.direction == "out"
            },
        }
    streams = [
        {
            "name": bound.port.name,
            "direction": bound.port.direction,
            "signals": {role: getattr(bound.signals, role) for role in ("valid", "ready", "data", "last")},
            "lane_bits": bound.port.fields[0].format.bits,
        }
        for bound in manifest.streams
    ]
    reset = {"name": manifest.reset.name, "active_low": manifest.reset.active_low, "cycles": RESET_CYCLES}
    return {"clock": manifest.clock, "reset": reset, "streams": streams, "jobs": jobs}


def sent_words(sent: Sent) -> dict[str, Any]:
    """Return the beats of an input as hexadecimal words."""
    return {"data": hexadecimal(sent.data), "last": None if sent.last is None else sent.last.tolist()}


def expected_words(port: StreamPort, expected: Expected) -> dict[str, Any]:
    """Return the beats of an output as hexadecimal words, and masks of the bits that count."""
    ones = {
        field.name: field.format.decode(
            expected.counts[field.name].astype(np.uint64) * np.uint64((1 << field.format.bits) - 1)
        )
        for field in port.fields
    }
    return {
        "data": hexadecimal(port.pack(expected.fields)),
        "mask": hexadecimal(port.pack(ones)),
        "last": None if expected.last is None else expected.last.tolist(),
    }


def hexadecimal(data: NDArray[np.uint8]) -> list[str]:
    """Return each row of bytes, lowest first, as one hexadecimal number."""
    return [row[::-1].tobytes().hex() for row in data]
