"""Where workloads come from: those of this package by name, YAML files, ONNX models, and a model's config.json."""

from collections.abc import Mapping
from importlib import resources
from pathlib import Path
from typing import IO, Any

import yaml

from ...errors import must
from ...generators.spec import parse_yaml, read_text, unknown_name
from .configs import read_config
from .onnx_models import read_onnx
from .workload import Workload, parse_workload

__all__ = ["read_workload", "workload_names", "write_workload"]


class _Dumper(yaml.SafeDumper):
    """Writes a layer a line."""


def _inline(dumper: yaml.SafeDumper, data: dict[Any, Any]) -> yaml.MappingNode:
    """Write layers in one line."""
    flat = "name" in data and "type" in data
    return dumper.represent_mapping("tag:yaml.org,2002:map", data.items(), flow_style=flat)


_Dumper.add_representer(dict, _inline)


def workload_names() -> list[str]:
    """Return the names of the workloads that come with the package."""
    folder = resources.files(__package__)
    return sorted(entry.name.removesuffix(".yaml") for entry in folder.iterdir() if entry.name.endswith(".yaml"))


def read_workload(source: str | Path, sizes: Mapping[str, int] | None = None, *, decode: bool = False) -> Workload:
    """Return a workload.

    Parameters
    ----------
    source
        A name out of `workload_names`, or a file: YAML, ``.onnx``, or the ``.json`` of a transformer's configuration.
    sizes
        Values to use instead of the workload's defaults, for example batch and sequence.
    decode
        For a configuration: one token after ``sequence - 1`` others, instead of all of a sequence at once.

    Raises
    ------
    InputError
        Where there is no such workload, or a file breaks a rule.
    ToolError
        Where an ONNX file is given and the package onnx is not installed.
    """
    text = str(source)
    if text in workload_names():
        _not_decode(decode, text)
        content = (resources.files(__package__) / f"{text}.yaml").read_text(encoding="utf-8")
        return parse_workload(parse_yaml(content, f"Workload {text}"), text, f"Workload {text}", sizes)
    path = Path(source)
    if not path.is_file() and path.suffix not in (".yaml", ".yml", ".onnx", ".json"):
        names = workload_names()
        rule = f"be a YAML, ONNX or config.json file, or one of {', '.join(names)}"
        raise unknown_name("Workload", rule, text, names)
    if not path.is_file():
        raise must("Workload", "be an existing file", text)
    if path.suffix == ".json":
        return read_config(path, sizes, decode=decode)
    _not_decode(decode, text)
    if path.suffix == ".onnx":
        return read_onnx(path, sizes)
    thing = f"Workload {path}"
    return parse_workload(parse_yaml(read_text(path, "Workload"), thing), path.stem, thing, sizes)


def write_workload(workload: Workload, file: IO[bytes]) -> None:
    """Write a workload as YAML, a layer a line, for `read_workload`; its sizes have become numbers."""
    document = {key: value for key, value in workload.to_dict().items() if value and key != "sizes"}
    text = yaml.dump(document, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=1000)
    file.write(text.encode())


def _not_decode(decode: bool, text: str) -> None:
    """Refuse a choice that only a model's configuration has."""
    if decode:
        raise must("Option --decode", "be left out unless the workload is a model's config.json", text)
