"""Build simulators from Verilog: a shared library for arrays or an executable for cocotb, each built once."""

import functools
import hashlib
import os
import sys
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Literal

import cocotb_tools.config as cocotb

from ..errors import InputError, must
from ..processes import died, run_tool
from .model_ports import header_ports
from .quicken import quicken
from .runtime import COMPILE_LIMIT, compile_cpp, flags, precompiled, runtime_names, runtime_object
from .store import digest, once, prune
from .verilate import verilate
from .verilator import Compiler, Verilator, find_compiler, find_verilator
from .waves import fst_support

__all__ = ["BuildOptions", "Verilog", "build_cocotb", "build_native"]

Verilog = str | Path | Sequence[Path]
"""A design: its text, a file, or files in the order in which Verilator is to read them."""
Trace = Literal["vcd", "fst", "saif"]
COVERAGE = ("line", "toggle", "expr", "user")
UNIT_BYTES = 1_500_000
"""Generated C++ that is compiled in one piece."""
TOGETHER_BYTES = 500_000
"""Generated C++ up to which one piece takes the least work, rather than two side by side."""
ROOM = Path(__file__).parent


@dataclass(frozen=True)
class BuildOptions:
    """What a simulator can do besides simulating.

    Parameters
    ----------
    trace
        Waveform format built in; any makes the model 20 to 50 times slower while a trace is written.
    coverage
        Counters built in: ``line`` halves the speed, ``toggle`` costs a factor of 100.
    optimise
        Compiler level 0 to 3; above 1 nothing is gained in most designs, and 0 builds in less than half the time what
        runs a few thousand cycles at most, or is made of gates: Verilator does not merge them then, which can multiply
        what is compiled.
    """

    trace: Trace | None = None
    coverage: tuple[str, ...] = ()
    optimise: int = 1

    def __post_init__(self) -> None:
        if self.trace not in (None, "vcd", "fst", "saif"):
            raise must("Simulator trace", "be vcd, fst or saif", self.trace)
        if unknown := [word for word in self.coverage if word not in COVERAGE]:
            raise must("Simulator coverage", f"be among {', '.join(COVERAGE)}", unknown[0])
        if self.optimise not in range(4):
            raise must("Simulator optimise", "be an integer from 0 to 3", self.optimise)


@dataclass(frozen=True)
class _Plan:
    """One build: sources, tools, options, and how the two kinds of simulator differ."""

    kind: Literal["native", "cocotb"]
    files: tuple[Path, ...]
    text: str | None
    top: str
    options: BuildOptions
    verilator: Verilator
    compiler: Compiler
    drivers: tuple[Path, ...] = ()

    @functools.cached_property
    def name(self) -> str:
        contents = [path.read_bytes() for path in self.files]
        return digest(
            _own_sources(),
            self.kind,
            self.top,
            self.text,
            contents,
            self.options,
            self.verilator.identity,
            self.compiler,
            _cocotb_version() if self.kind == "cocotb" else "",
            [path.read_bytes() for path in self.drivers],
        )


def build_native(verilog: Verilog, top: str, options: BuildOptions | None = None, drivers: Sequence[Path] = ()) -> Path:
    """Return the shared library that `rtloom.sim.native` drives; built if it is not in the cache.

    Parameters
    ----------
    verilog
        Text or files of the design. Files that they ``include`` are not seen by the cache.
    top
        Name of the top module.
    options
        What is built in; nothing if not given.
    drivers
        C++ files that drive the model through the table of ``shim.h`` in another way than the shim; they are linked
        beside it, and their functions whose names begin with ``rtloom_`` can be called.

    Raises
    ------
    InputError
        Where a file is missing.
    CheckError
        Where Verilator rejects the design: its first error.
    ToolError
        Where a tool is missing, crashes or hangs.
    """
    return _build("native", verilog, top, options, tuple(drivers)) / "model.so"


def build_cocotb(verilog: Verilog, top: str, options: BuildOptions | None = None) -> Path:
    """Return the executable that runs cocotb tests; parameters and errors as `build_native`.

    Only the ports of `top` can be written and read by the tests; all signals are in its waveforms.
    """
    return _build("cocotb", verilog, top, options) / "simulator"


def _build(
    kind: Literal["native", "cocotb"],
    verilog: Verilog,
    top: str,
    options: BuildOptions | None,
    drivers: tuple[Path, ...] = (),
) -> Path:
    text = verilog if isinstance(verilog, str) else None
    files = () if isinstance(verilog, str) else (verilog,) if isinstance(verilog, Path) else tuple(verilog)
    for path in files:
        if not path.is_file():
            raise must("Verilog file", "exist", str(path))
    if text is None and not files:
        raise InputError("Verilog must be given: text or at least one file")
    files = tuple(path.resolve() for path in files)
    plan = _Plan(kind, files, text, top, options or BuildOptions(), find_verilator(), find_compiler(), drivers)
    made = []

    def make(folder: Path) -> None:
        _make(plan, folder)
        made.append(folder)

    folder = once("model", plan.name, make)
    if made:
        prune()
    return folder


def _make(plan: _Plan, folder: Path) -> None:
    """Verilate, compile and link in an empty folder; leave only the product."""
    work = folder / "work"
    work.mkdir()
    product = folder / ("model.so" if plan.kind == "native" else "simulator")
    with ThreadPoolExecutor(max(os.cpu_count() or 1, 2)) as pool:
        header = pool.submit(precompiled, plan.verilator, plan.compiler, plan.options.optimise)
        _verilate(plan, work)
        header.result()
        names = runtime_names(work / "Vtop_classes.mk")
        jobs = _units(plan, work, header.result()) + [functools.partial(_runtime, plan, name) for name in names]
        drivers = (ROOM / "shim.cpp", *plan.drivers) if plan.kind == "native" else ()
        jobs += [functools.partial(_driver, plan, source) for source in drivers]
        objects = [job.result() for job in [pool.submit(job) for job in jobs]]
    _link(plan, objects, product)
    for path in work.iterdir():
        path.unlink()
    work.rmdir()


def _runtime(plan: _Plan, name: str) -> Path:
    """Return the object of one runtime source; the FST writer may need stand-ins for missing libraries."""
    extra = fst_support(plan.compiler).flags if name == "verilated_fst_c" else ()
    return runtime_object(plan.verilator, plan.compiler, plan.verilator.include / f"{name}.cpp", extra)


def _driver(plan: _Plan, source: Path) -> Path:
    """Return the object of the shim or another driver, which knows a model only by its table of functions."""
    return runtime_object(plan.verilator, plan.compiler, source, [f"-I{ROOM}", "-O2"], [ROOM / "shim.h"])


def _verilate(plan: _Plan, work: Path) -> None:
    """Turn Verilog into C++ in `work`."""
    sources = list(plan.files)
    if plan.text is not None:
        sources = [work / f"{plan.top}.v"]
        sources[0].write_text(plan.text)
    extra: list[str | Path] = [f"--coverage-{word}" for word in plan.options.coverage]
    extra += [f"--trace-{plan.options.trace}", "--trace-underscore"] if plan.options.trace else []
    extra += ["-fno-gate", "-fno-dfg"] if plan.options.optimise == 0 else []
    if plan.kind == "cocotb":
        # The ports alone are public: everything public would slow compilation and simulation by a factor of 2.
        ports = work / "public.vlt"
        ports.write_text(f'`verilator_config\npublic_flat_rw -module "{plan.top}" -var "*"\n')
        extra += ["--vpi", ports]
    verilate(plan.verilator, sources, plan.top, work, extra)


def _units(plan: _Plan, work: Path, header: Path) -> list[Callable[[], Path]]:
    """Return the compilations of a design: what runs every cycle, and the rest, side by side."""
    generated = sorted(work.glob("Vtop*.cpp"))
    hot = [path for path in generated if "Slow" not in path.name]
    for path in hot:
        path.write_text(quicken(path.read_text()))
    hot.append(_main(plan, work))
    slow = [path for path in generated if "Slow" in path.name]
    together = UNIT_BYTES if plan.options.optimise == 0 else TOGETHER_BYTES
    small = sum(path.stat().st_size for path in (*hot, *slow)) <= together
    batches = [[*hot, *slow]] if small else [*_batches(hot), slow]
    options = [*flags(plan.verilator, plan.compiler, plan.options.optimise), f"-I{work}", f"-I{ROOM}"]
    options += ["-include", str(header)]
    jobs: list[Callable[[], Path]] = []
    for at, batch in enumerate(batches):
        unit = work / f"unit_{at}.cc"
        unit.write_text(_defines(plan.options) + "".join(f'#include "{path}"\n' for path in batch))
        jobs.append(functools.partial(_compile_unit, plan.compiler, options, unit))
    return jobs


def _batches(sources: Sequence[Path]) -> list[list[Path]]:
    """Group sources into translation units: one for a small design, which is quickest, several for a large one."""
    batches: list[list[Path]] = [[]]
    size = 0
    for path in sources:
        size += path.stat().st_size
        if size > UNIT_BYTES and batches[-1]:
            batches.append([])
            size = path.stat().st_size
        batches[-1].append(path)
    return batches


def _defines(options: BuildOptions) -> str:
    """Return the lines that begin every translation unit of a design."""
    trace = options.trace
    macros = {"VM_COVERAGE": bool(options.coverage), "VM_SC": False, "VM_TIMING": False, "VM_TRACE": trace is not None}
    macros |= {f"VM_TRACE_{form.upper()}": trace == form for form in ("vcd", "fst", "saif")}
    return '#include "signed.h"\n' + "".join(f"#define {name} {int(value)}\n" for name, value in macros.items())


def _compile_unit(compiler: Compiler, options: Sequence[str], unit: Path) -> Path:
    target = unit.with_suffix(".o")
    compile_cpp(compiler, options, unit, target)
    return target


def _main(plan: _Plan, work: Path) -> Path:
    """Return the source that connects the model to its driver: ours, or cocotb's."""
    if plan.kind == "cocotb":
        return Path(cocotb.share_dir) / "lib" / "verilator" / "verilator.cpp"
    rows = [
        f'PORT("{plain}", {name}, {shape.width}, {int(shape.output)})\n' for plain, name, shape in header_ports(work)
    ]
    (work / "ports.inc").write_text("".join(rows))
    return ROOM / "model.cpp"


def _link(plan: _Plan, objects: Sequence[Path], product: Path) -> None:
    options = ["-s", "-pthread", *(fst_support(plan.compiler).libraries if plan.options.trace == "fst" else ())]
    if plan.kind == "cocotb":
        options += [f"-Wl,-rpath,{cocotb.libs_dir}", f"-L{cocotb.libs_dir}", "-lcocotbvpi_verilator"]
    else:
        options += ["-shared", *_hidden(product.parent / "work")]
    command: list[str | Path] = [*plan.compiler.command, "-o", product, *objects, *options]
    finished = run_tool("Linker", command, limit=COMPILE_LIMIT)
    if finished.status:
        raise died("Linker", finished)


def _hidden(work: Path) -> list[str]:
    """Keep all symbols but the shim's inside: many models live in one process and must not see each other."""
    if sys.platform == "darwin":
        return ["-Wl,-exported_symbol,_rtloom_*"]
    script = work / "exports.map"
    script.write_text("{ global: rtloom_*; local: *; };\n")
    return [f"-Wl,--version-script={script}"]


@functools.cache
def _own_sources() -> str:
    """Digest of the files that decide what is built from a given Verilog."""
    modules = ("build.py", "model_ports.py", "quicken.py", "runtime.py", "verilate.py")
    names = (*modules, "signed.h", "shim.h", "shim.cpp", "model.cpp")
    return hashlib.sha256(b"".join((ROOM / name).read_bytes() for name in names)).hexdigest()


@functools.cache
def _cocotb_version() -> str:
    return f"{version('cocotb')} {cocotb.libs_dir}"
