"""The ``rtloom`` command: joins the rooms' commands; a user's mistake becomes one line and an exit status."""

import json
import os
import signal
import sys
from typing import Annotated, Any

import typer

from . import commands_lint, commands_run, commands_synth, commands_verilog
from .boards import cli as boards_cli
from .boards.host import cli as host_cli
from .boards.virtual import cli as virtual_cli
from .dse import cli as dse_cli
from .dse.estimate import cli as estimate_cli
from .dse.explore import cli as explore_cli
from .dse.schedule import cli as schedule_cli
from .errors import RtloomError
from .examples import cli as examples_cli
from .generators import cli as generators_cli
from .sim import cli as sim_cli
from .verif import cli as verif_cli
from .verif.coverage import cli as coverage_cli
from .verif.differential import cli as differential_cli
from .verif.formal import cli as formal_cli
from .verif.mutation import cli as mutation_cli
from .verif.netlist import cli as netlist_cli
from .verif.regression import cli as regression_cli
from .verif.summary import cli as summary_cli

__all__ = ["app", "main"]

ABOUT = """Accelerators as functions on arrays: NumPy in, verified Verilog out.

SPEC is the name of a preset (see rtloom list) or a YAML file; -p key=value changes single parameters.

\b
Begin with
  rtloom list                                          what there is
  rtloom describe systolic                             what can be chosen
  rtloom verilog systolic-8x8-int8 -p rows=16 -o out   Verilog, manifest, FuseSoC core
  rtloom run systolic-8x8-int8 -i in.npz -o out.npz    NumPy arrays through the Verilog, cycle by cycle
  rtloom verify systolic-8x8-int8                      its bench, against the golden model
  rtloom assess systolic-4x4-int8                      how far it is verified, all evidence on one page
  rtloom regress --for 10m                             all presets and random designs, over all cores
  rtloom lint systolic-8x8-int8                        its Verilog, as strict tools read it
  rtloom synth systolic-8x8-int8 --target ice40        real synthesis
  rtloom netlist systolic-4x4-int8 --target ecp5       what synthesis made, cell by cell, against golden
  rtloom bitstream systolic-4x4-int8 --board icebreaker   what a board is loaded with; rtloom boards lists them
  rtloom host systolic-4x4-int8 --virtual -i in.npz -o out.npz   arrays through a board, here a simulated one
  rtloom workload resnet-50 --on systolic-64x64-int8   exact cycles of a network, layer by layer
  rtloom estimate systolic-8x8-int8 --workload bert-base   its area, cycles and time, with their errors
  rtloom explore space.yaml                            a whole space of designs; --example prints one
  rtloom demo                                          two networks on handwritten digits

Exit status: 0 done, 1 a check failed, 2 bad input or a missing tool.
"""

app = typer.Typer(
    name="rtloom",
    help=ABOUT,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)


@app.callback()
def common() -> None:
    """Hold the commands together; each takes its own options."""


def version(as_json: Annotated[bool, typer.Option("--json", help="Machine-readable output.")] = False) -> None:
    """Say the versions of rtloom and of the tools that it stands on."""
    from importlib.metadata import version as installed

    found = {name: installed(name) for name in ("rtloom", "amaranth", "cocotb", "pyosys", "numpy")}
    found["python"] = sys.version.split()[0]
    typer.echo(json.dumps(found) if as_json else "\n".join(f"{name:10}{text}" for name, text in found.items()))


for room in (
    generators_cli,
    commands_verilog,
    commands_run,
    verif_cli,
    regression_cli,
    coverage_cli,
    mutation_cli,
    summary_cli,
    differential_cli,
    formal_cli,
    commands_lint,
    commands_synth,
    netlist_cli,
    boards_cli,
    host_cli,
    virtual_cli,
    examples_cli,
    sim_cli,
    dse_cli,
    explore_cli,
    schedule_cli,
    estimate_cli,
):
    room.register(app)
app.command()(version)


# The base of typer's complaints about words on the command line; typer itself does not export it.
UsageError: Any = typer.BadParameter.__base__


def main() -> None:
    """Run the command that the process was started with and end with its exit status."""
    signal.signal(signal.SIGTERM, lambda number, _: sys.exit(128 + number))  # so that the tools that run end as well
    try:
        sys.exit(app(sys.argv[1:] or ["--help"], prog_name="rtloom", standalone_mode=False))
    except UsageError as error:
        context = getattr(error, "ctx", None)
        path = context.command_path if context else "rtloom"
        message = " ".join(error.format_message().split()).rstrip(".")
        typer.echo(f"rtloom: error: {message} ({path} --help explains)", err=True)
        sys.exit(2)
    except typer.Abort:
        typer.echo("rtloom: stopped", err=True)
        sys.exit(130)
    except RtloomError as error:
        typer.echo(f"rtloom: error: {' '.join(str(error).split())}", err=True)
        sys.exit(error.exit_status)
    except BrokenPipeError:
        # The reader (head, less) has gone; a closed stdout would complain once more at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(141)


if __name__ == "__main__":
    main()
