"""A specification: which family, with which parameters, under which name; from a preset, a YAML file or a mapping."""

import difflib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib import resources
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import Any

import yaml

from ..errors import InputError, must
from .attention.family import ATTENTION
from .family import Family
from .lut.family import LUT
from .params import FamilyParams
from .sparse.family import SPARSE
from .systolic.family import SYSTOLIC
from .vector.family import VECTOR

__all__ = ["Spec", "families", "family", "load", "parse_yaml", "presets", "read_text", "unknown_name"]

GROUP = "rtloom.families"
_BUILT_IN: dict[str, Family[Any]] = {family.name: family for family in (SYSTOLIC, LUT, SPARSE, ATTENTION, VECTOR)}
_LONGEST_NAME = 64
_KEYS = ("family", "name", "description", "params")


@dataclass(frozen=True)
class Spec:
    """A design to be made.

    Parameters
    ----------
    name
        What it is called; file and module names follow from it.
    family
        Its family.
    params
        The family's parameters.
    description
        One line for people.
    """

    name: str
    family: Family[Any]
    params: FamilyParams
    description: str = ""

    def replace(self, **overrides: Any) -> "Spec":
        """Return the specification with some parameters changed and its name saying so; without its description.

        Raises
        ------
        InputError
            Where the parameters break a rule.
        """
        params = self.params.replace(**overrides)
        before, after = self.params.to_dict(), params.to_dict()
        changed = {key: value for key, value in after.items() if value != before[key]}
        if not changed:
            return self
        suffix = "".join(f"-{key}-{_word(value)}" for key, value in changed.items())
        name = self.name + (suffix if len(self.name + suffix) <= _LONGEST_NAME else f"-{params.digest[:8]}")
        return Spec(name, self.family, params)


def _word(value: object) -> str:
    """Return a parameter's value as part of a name."""
    return re.sub(r"\W+", "_", str(value).lower())


def families() -> dict[str, Family[Any]]:
    """Return all families by name: those of this package, and those that others bring as ``rtloom.families``.

    Raises
    ------
    InputError
        Where an installed family cannot be loaded, or has the name of another one.
    """
    found = dict(_BUILT_IN)
    for entry in entry_points(group=GROUP):
        joining = _load_entry(entry)
        if joining.name in found:
            raise InputError(
                f"Family {joining.name!r} of {entry.value} must have a name of its own; there is one already"
            )
        found[joining.name] = joining
    return found


def family(name: str) -> Family[Any]:
    """Return one family.

    Raises
    ------
    InputError
        Where there is none of that name; lists those that there are.
    """
    if isinstance(name, str) and name in _BUILT_IN:
        return _BUILT_IN[name]
    every = families()
    if not isinstance(name, str) or name not in every:
        raise unknown_name("Family", f"be one of {', '.join(sorted(every))}", name, every)
    return every[name]


def _load_entry(entry: EntryPoint) -> Family[Any]:
    """Return the family that another package offers."""
    try:
        joining = entry.load()
    except (ImportError, AttributeError, SyntaxError) as error:
        raise InputError(f"Family {entry.name!r} of {entry.value} must load, but raised {error!r}") from None
    if not isinstance(joining, Family):
        raise must(f"Family {entry.name!r} of {entry.value}", "be an rtloom.generators.family.Family", joining)
    return joining


def presets() -> dict[str, Spec]:
    """Return the specifications that come with the package, by name."""
    folder = resources.files(__package__) / "presets"
    names = sorted(entry.name for entry in folder.iterdir() if entry.name.endswith(".yaml"))
    return {name[:-5]: _preset(name[:-5]) for name in names}


def _preset(name: str) -> Spec:
    """Read one preset."""
    text = (resources.files(__package__) / "presets" / f"{name}.yaml").read_text(encoding="utf-8")
    return _from_mapping(parse_yaml(text, f"Preset {name}"), name, f"Preset {name}")


def _preset_names() -> list[str]:
    folder = resources.files(__package__) / "presets"
    return sorted(entry.name[:-5] for entry in folder.iterdir() if entry.name.endswith(".yaml"))


def load(spec: "str | Path | Spec | Mapping[str, Any]", **overrides: Any) -> Spec:
    """Return a specification.

    Parameters
    ----------
    spec
        Name of a preset, a YAML file (``family``, and if wanted ``name``, ``description``, ``params``), a mapping with
        these keys, or a specification.
    **overrides
        Parameters to change.

    Raises
    ------
    InputError
        Where there is no such preset, file or family, or the parameters break a rule.
    """
    found = _find(spec)
    return found.replace(**overrides) if overrides else found


def _find(spec: "str | Path | Spec | Mapping[str, Any]") -> Spec:
    if isinstance(spec, Spec):
        return spec
    if isinstance(spec, Mapping):
        return _from_mapping(spec, str(spec.get("family", "")), "Spec")
    if isinstance(spec, str) and spec in _preset_names():
        return _preset(spec)
    if isinstance(spec, Path) or (isinstance(spec, str) and _looks_like_file(spec)):
        return _from_file(Path(spec))
    names = _preset_names()
    raise unknown_name("Spec", f"be a YAML file or one of the presets {', '.join(names)}", spec, names)


def _looks_like_file(spec: str) -> bool:
    return spec.endswith((".yaml", ".yml")) or "/" in spec or Path(spec).is_file()


def _from_file(path: Path) -> Spec:
    """Read a YAML file."""
    return _from_mapping(parse_yaml(read_text(path, "Spec"), f"Spec {path}"), path.stem, f"Spec {path}")


def read_text(path: Path, thing: str, kind: str = "YAML") -> str:
    """Return the text of a file that a user named, or raise `InputError` where it cannot be read."""
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise must(thing, f"be a {kind} file in UTF-8", str(path)) from None
    except OSError as error:
        raise must(thing, f"be a file that can be read ({error.strerror})", str(path)) from None


def parse_yaml(text: str, thing: str) -> Any:
    """Return what a text in YAML holds, or raise `InputError` with the line of its mistake."""
    try:
        return yaml.safe_load(text)
    except yaml.MarkedYAMLError as error:
        line = f" in line {error.problem_mark.line + 1}" if error.problem_mark else ""
        raise InputError(f"{thing} must be YAML, but has a mistake{line}: {error.problem}") from None
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise InputError(f"{thing} must be YAML, but has a mistake: {' '.join(str(error).split())}") from None


def _from_mapping(raw: Any, name: str, thing: str) -> Spec:
    """Build a specification of the four keys."""
    if not isinstance(raw, Mapping):
        raise must(thing, "hold keys and values, family among them", raw)
    for key in raw:
        if key not in _KEYS:
            raise unknown_name(f"{thing} keys", f"be {', '.join(_KEYS[:-1])} or {_KEYS[-1]}", key, _KEYS)
    if "family" not in raw:
        raise InputError(f"{thing} must name its family, one of {', '.join(sorted(families()))}")
    params = {} if raw.get("params") is None else raw["params"]
    if not isinstance(params, Mapping) or not all(isinstance(key, str) for key in params):
        raise must(f"{thing} params", "hold parameters and values", params)
    for key in ("name", "description"):
        if not isinstance(raw.get(key, ""), str) or raw.get(key, "x") == "":
            raise must(f"{thing} {key}", "be a text", raw[key])
    found = family(raw["family"])
    return Spec(raw.get("name", name), found, found.params.parse(params), raw.get("description", ""))


def unknown_name(thing: str, rule: str, value: object, known: Iterable[str]) -> InputError:
    """Return the error for a name that does not exist, with the one that was probably meant."""
    near = difflib.get_close_matches(str(value), list(known), n=1)
    hint = f"; did you mean {near[0]!r}?" if near else ""
    return InputError(f"{must(thing, rule, value)}{hint}")
