"""Somebody's Verilog through the bench of a specification: bound, built, run, and its failures put into a class."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ...errors import CheckError, must
from ...generators.design import Design, emit_design
from ...generators.spec import Spec, load
from ...hdl.manifest import Manifest
from ...sim.build import BuildOptions
from ...sim.model_ports import ports_of
from ..verify import VerifyReport, verify_design
from .binding import bind
from .classes import CLASSES, Finding, classify

__all__ = ["DutReport", "verify_bound", "verify_dut"]

_UNKNOWN = re.compile(
    r"Cannot find file containing module|--top-module '\S+' was not found|Can't resolve module reference"
)


@dataclass(frozen=True)
class DutReport:
    """What was found out about a design of other hands.

    Parameters
    ----------
    top
        Its top module.
    spec
        Name of the specification.
    finding
        Its class.
    report
        What the bench found; None where the design could not be built or bound.
    """

    top: str
    spec: str
    finding: Finding
    report: VerifyReport | None

    @property
    def passed(self) -> bool:
        """Whether every scenario passed."""
        return self.finding.passed

    def to_dict(self) -> dict[str, Any]:
        """Return plain values, as ``--json`` prints them."""
        return {
            "report": "dut",
            "design": self.top,
            "top": self.top,
            "spec": self.spec,
            "passed": self.passed,
            "class": self.finding.name,
            "meaning": CLASSES[self.finding.name],
            "message": self.finding.message,
            "failed": list(self.finding.scenarios),
            "bench": None if self.report is None else self.report.to_dict(),
        }

    def __str__(self) -> str:
        return f"{self.top} as {self.spec}: {self.finding}"


def verify_dut(
    spec: str | Path | Spec | Mapping[str, Any],
    files: Sequence[Path],
    top: str,
    *,
    ports: Mapping[str, Any] | None = None,
    interface: str = "axi",
    seed: int = 1,
    exact: bool = False,
    only: Sequence[str] | None = None,
    junit: Path | None = None,
    waves: Path | None = None,
    options: BuildOptions | None = None,
) -> DutReport:
    """Run a specification's bench on Verilog that rtloom did not make.

    Parameters
    ----------
    spec
        What the design must do: preset, YAML file or loaded spec.
    files
        Its Verilog or SystemVerilog files, in order.
    top
        Its top module.
    ports
        Names of its ports where they are not rtloom's, as `binding.read_map` returns them.
    interface
        Names that ports have unless `ports` says otherwise: ``axi`` or ``stream``.
    seed
        Of data and stalls.
    exact
        Whether it must also take as many cycles as rtloom's own design.
    only, junit, waves, options
        As `verify` has them.

    Raises
    ------
    InputError
        Where spec, map, seed or a file name are wrong; what is wrong with the design itself is a finding.
    ToolError
        Where a tool is missing or crashes.
    """
    loaded = load(spec)
    manifest = bind(emit_design(loaded, interface).manifest, top, ports or {})
    given: dict[str, Any] = {"seed": seed, "exact": exact, "only": only, "junit": junit, "waves": waves}
    return verify_bound(loaded, files, manifest, **given, options=options)


def verify_bound(spec: Spec, files: Sequence[Path], manifest: Manifest, **options: Any) -> DutReport:
    """Run a bench on Verilog whose ports are those of a manifest.

    Parameters
    ----------
    spec
        What the design must do.
    files
        Its files, in order.
    manifest
        Its top module and the names of its ports.
    **options
        As `verify_design` has them; ``exact`` is False unless it is given.

    Raises
    ------
    InputError
        Where a file is missing or an option is wrong.
    ToolError
        Where a tool is missing or crashes.
    """
    for file in files:
        if not file.is_file():
            raise must("Verilog file", "exist", str(file))
    broken = _unfit(files, manifest)
    if broken is not None:
        return DutReport(manifest.top, spec.name, broken, None)
    report = verify_design(Design("", manifest), spec, files=files, **{"exact": False, **options})
    return DutReport(manifest.top, spec.name, classify(report.outcomes), report)


def _unfit(files: Sequence[Path], manifest: Manifest) -> Finding | None:
    """Return what keeps the bench from running on a design; None where nothing does."""
    try:
        ports = ports_of(tuple(files), manifest.top)
    except CheckError as error:
        message = str(error)
        return Finding("unknown_module" if _UNKNOWN.search(message) else "does_not_parse", message)
    basic = (manifest.clock, manifest.reset.name)
    for name, wire in manifest.wires.items():
        port = ports.get(name)
        kind = "clock_or_reset_not_bound" if name in basic else "port_missing"
        if port is None:
            return Finding(kind, f"{manifest.top} must have a port {name}, and has {', '.join(ports)}")
        if port.output != (wire.direction == "out"):
            return Finding(kind, f"port {name} of {manifest.top} must be an {wire.direction}put")
        if port.width != wire.width:
            return Finding("port_width", f"port {name} of {manifest.top} must have {wire.width} bits, not {port.width}")
    return None
