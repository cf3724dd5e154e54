"""All exports of a design as files in a folder."""

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import yaml

from ...errors import InputError
from ...files import made_folder, whole_file
from ...generators.spec import Spec
from ..workloads.workload import Workload
from .costs import ExportCosts, systolic
from .scalesim import scalesim_config, scalesim_layout, scalesim_topology
from .zigzag import zigzag_mapping, zigzag_yaml

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["write_exports"]


def write_exports(
    folder: Path, spec: Spec, costs: ExportCosts, workload: Workload | None = None
) -> tuple[list[Path], list[str]]:
    """Write what other estimators read of a design, and of a workload where one is given.

    Parameters
    ----------
    folder
        Made where it is not there.
    spec
        A design of the family systolic.
    costs
        Its figures.
    workload
        Layers for SCALE-Sim.

    Returns
    -------
    tuple
        The files, and for each that could not be written why.

    Raises
    ------
    InputError
        Where the design has no form in any of them.
    """
    systolic(spec, "An export")
    wanted: dict[str, Callable[[], str]] = {
        f"{spec.name}.zigzag.yaml": partial(zigzag_yaml, spec, costs),
        f"{spec.name}.zigzag-mapping.yaml": lambda: yaml.safe_dump(zigzag_mapping(spec), sort_keys=False),
        f"{spec.name}.scalesim.cfg": partial(scalesim_config, spec, costs),
    }
    if workload is not None:
        wanted[f"{workload.name}.scalesim.csv"] = partial(scalesim_topology, workload)
        wanted[f"{workload.name}.scalesim-layout.csv"] = partial(scalesim_layout, workload)
    made_folder(folder)
    written: list[Path] = []
    refused: list[str] = []
    for name, text in wanted.items():
        try:
            content = text()
        except InputError as error:
            refused.append(f"{name}: {error}")
            continue
        with whole_file(folder / name) as file:
            file.write(content.encode())
        written.append(folder / name)
    return written, refused
