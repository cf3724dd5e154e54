"""The command ``rtloom verify``."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ..errors import must

if TYPE_CHECKING:
    from ..generators.spec import Spec
    from .coverage.report import CoverageReport
    from .dut.run import DutReport
    from .verify import VerifyReport

__all__ = ["register"]


def register(app: typer.Typer) -> None:
    """Add ``verify`` to the command."""
    app.command()(verify)


def verify(
    spec: Annotated[str | None, typer.Argument(metavar="[SPEC]", help="Preset or YAML file; none with --kind.")] = None,
    params: Annotated[
        list[str] | None,
        typer.Option("--param", "-p", metavar="KEY=VALUE", help="Change one."),
    ] = None,
    interface: Annotated[str, typer.Option(help="How the ports are named: axi or stream.")] = "axi",
    seed: Annotated[int, typer.Option(min=0, max=1 << 30, help="Of data and stalls.")] = 1,
    only: Annotated[
        list[str] | None, typer.Option(metavar="SCENARIO", help="Run this scenario alone; may be repeated.")
    ] = None,
    junit: Annotated[Path | None, typer.Option(metavar="FILE", help="JUnit XML.")] = None,
    waves: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Waveform of a failure, .fst or .vcd; default <name>.fst.")
    ] = None,
    dut: Annotated[
        list[Path] | None,
        typer.Option(metavar="FILE", help="Your own Verilog instead of rtloom's; repeat for several files."),
    ] = None,
    top: Annotated[str | None, typer.Option(metavar="NAME", help="Top module of --dut.")] = None,
    ports: Annotated[
        Path | None, typer.Option(metavar="FILE", help="YAML: names of the ports of --dut, where they are others.")
    ] = None,
    kind: Annotated[
        str | None, typer.Option(metavar="KIND", help="gemm: --dut is any matrix unit, known by --manifest alone.")
    ] = None,
    manifest: Annotated[
        Path | None, typer.Option(metavar="FILE", help="JSON of --kind: ports, and how the matrices are walked.")
    ] = None,
    exact: Annotated[bool, typer.Option(help="--dut must also take the cycles that the formula says.")] = False,
    until_covered: Annotated[
        bool, typer.Option("--until-covered", help="Go on with further seeds until all cover points are hit.")
    ] = False,
    coverage: Annotated[
        Path | None, typer.Option(metavar="FILE", help="JSON of the cover points hit; what is in it counts too.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Machine-readable report.")] = False,
) -> None:
    """Run the bench on a design in Verilator: data, corners, stalls, resets, AXI models.

    Every output beat is compared with the golden model and every stream with its rules. Exit status 1 where a
    scenario fails; its waveform is kept. With --dut the same bench runs on Verilog of other hands that is meant to
    do the same, and the failures are put into one class, for example wrong_under_stalls.

    Example: rtloom verify systolic-8x8-int8 -p pipeline=2 --junit report.xml

    Example: rtloom verify systolic-4x4-int8 --until-covered --coverage covered.json

    Example: rtloom verify systolic-4x4-int8 --dut mine.sv --top mine --ports names.yaml

    Example: rtloom verify --kind gemm --manifest unit.json --dut unit.v
    """
    from ..generators.cli import overrides
    from ..generators.spec import load
    from . import verify as bench

    run: dict[str, Any] = {"seed": seed, "only": only, "junit": junit}
    if kind or manifest:
        _refuse("with --kind", SPEC=spec, param=params, ports=ports, exact=exact)
        _refuse("with --kind", until_covered=until_covered, coverage=coverage)
        _show_dut(_kind(kind, manifest, dut, top, run | {"waves": waves}), as_json)
        return
    if spec is None:
        raise must("Argument SPEC", "be given, or --kind with --manifest and --dut", spec)
    loaded = load(spec, **overrides(params))
    run |= {"interface": interface, "waves": waves or Path(f"{loaded.name}.fst")}
    if dut or top or ports or exact:
        _refuse("with --dut", until_covered=until_covered, coverage=coverage)
        _show_dut(_dut(loaded, dut, top, ports, run | {"exact": exact}), as_json)
    elif until_covered or coverage:
        _refuse("where coverage is collected", only=only)
        _show(*_covered(loaded, coverage, until_covered, run), until_covered, as_json)
    else:
        _show(bench.verify(loaded, **run), None, False, as_json)


def _refuse(where: str, **options: Any) -> None:
    """Raise where an option is given that would be ignored."""
    for name, value in options.items():
        if value:
            what = f"Argument {name}" if name.isupper() else f"Option --{name.replace('_', '-')}"
            raise must(what, f"be left out {where}", value)


def _need(**options: Any) -> None:
    """Raise where an option is missing that is needed for a design of other hands."""
    for name, value in options.items():
        if not value:
            raise must(f"Option --{name}", "be given for a design of other hands", value)


def _covered(
    spec: "Spec", file: Path | None, until_covered: bool, options: dict[str, Any]
) -> "tuple[VerifyReport, CoverageReport]":
    """Run the bench, once or until all is covered, and keep the coverage."""
    from rich.console import Console

    from .coverage.benched import verify_until_covered
    from .coverage.collect import LIMIT
    from .coverage.report import read_report

    before = read_report(file) if file is not None and file.exists() else None
    with Console(stderr=True).status("seeds") as status:

        def tell(now: "CoverageReport") -> None:
            status.update(f"seed {now.seeds[-1]}: {now.score:.1f} % covered, {len(now.holes)} holes")

        given = {name: value for name, value in options.items() if name != "only"}
        limit = LIMIT if until_covered else 1
        report, covered = verify_until_covered(spec, limit=limit, before=before, tell=tell, **given)
    if file is not None:
        covered.save(file)
    return report, covered


def _show(report: "VerifyReport", covered: "CoverageReport | None", until_covered: bool, as_json: bool) -> None:
    """Print a report; exit with 1 where something is wrong, or was to be covered and is not."""
    if as_json:
        plain = report.to_dict() | ({} if covered is None else {"coverage": covered.to_dict()})
        typer.echo(json.dumps(plain, indent=2))
    else:
        _tell(report, covered)
    if not report.passed or (until_covered and covered is not None and covered.holes):
        raise typer.Exit(1)


def _tell(report: "VerifyReport", covered: "CoverageReport | None") -> None:
    """Print what the bench found and what it covered, in words."""
    for outcome in report.failures:
        typer.echo(f"{outcome.scenario}: {outcome.message}")
    if report.waves:
        typer.echo(f"waveform: {report.waves}")
    typer.echo(str(report))
    if covered is not None:
        for hole in covered.holes:
            typer.echo(f"hole: {hole.key}: {hole.meaning}")
        typer.echo(str(covered))


def _dut(
    spec: "Spec", files: list[Path] | None, top: str | None, ports: Path | None, options: dict[str, Any]
) -> "DutReport":
    """Run the bench of a specification on somebody's Verilog."""
    from .dut.binding import read_map
    from .dut.run import verify_dut

    _need(dut=files, top=top)
    return verify_dut(spec, files or [], top or "", ports=read_map(ports) if ports else None, **options)


def _kind(
    kind: str | None, manifest: Path | None, files: list[Path] | None, top: str | None, options: dict[str, Any]
) -> "DutReport":
    """Run jobs of a kind on somebody's Verilog that a manifest describes."""
    from .dut.kind import verify_kind

    _need(kind=kind, manifest=manifest, dut=files)
    return verify_kind(kind or "", manifest or Path(), files or [], top, **options)


def _show_dut(report: "DutReport", as_json: bool) -> None:
    """Print the class of somebody's Verilog, and what failed; exit with 1 where something did."""
    typer.echo(json.dumps(report.to_dict(), indent=2) if as_json else str(report))
    if not as_json and report.report is not None:
        for outcome in report.report.failures:
            typer.echo(f"{outcome.scenario}: {outcome.message}")
    if not report.passed:
        raise typer.Exit(1)
