"""What the tensors of a model are for: names by role, described in small YAML files."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from rtloom.errors import must

__all__ = ["GLOBAL_ROLES", "LAYER_ROLES", "MATRICES", "Names", "detect_names", "read_names"]

MATRICES = ("query", "key", "value", "attention_output", "feed_forward_in", "feed_forward_out")
"""The projections that every transformer layer has."""
LAYER_ROLES = (*MATRICES, "feed_forward_gate", "attention_norm", "feed_forward_norm")
GLOBAL_ROLES = ("word_embedding", "position_embedding", "type_embedding", "embedding_norm", "final_norm")
FOLDER = Path(__file__).parent
BUILT_IN = ("names_bert.yaml", "names_llama.yaml")


@dataclass(frozen=True)
class Names:
    """The names of one model's tensors.

    Parameters
    ----------
    title
        What the kind of model is called.
    roles
        The name for each role, with ``{layer}`` in those of layers, without ``.weight`` and ``.bias``.
    prefix
        What stands before all names.
    """

    title: str
    roles: dict[str, str]
    prefix: str = ""

    def name(self, role: str, layer: int | None = None) -> str:
        """Return the tensor's name, without ``.weight`` or ``.bias``.

        Raises
        ------
        InputError
            Where models of this kind have no such role.
        """
        if role not in self.roles:
            raise must(f"Transformer role of a {self.title} model", f"be one of {', '.join(self.roles)}", role)
        return self.prefix + self.roles[role].replace("{layer}", str(layer))

    def found_in(self, tensors: Iterable[str]) -> "Names | None":
        """Return these names with the prefix under which layer 0 has all its matrices, or None."""
        present = set(tensors)
        pattern = re.compile(rf"(|.*\.){re.escape(self.roles['query'].replace('{layer}', '0'))}\.weight")
        prefixes = {match[1] for match in map(pattern.fullmatch, present) if match}
        for prefix in sorted(prefixes, key=len):
            names = Names(self.title, self.roles, prefix)
            if all(f"{names.name(role, 0)}.weight" in present for role in MATRICES):
                return names
        return None


def read_names(path: Path) -> Names:
    """Read a description of names: a YAML file with ``title`` and ``roles``, like those in this folder.

    Raises
    ------
    InputError
        Where the file cannot be read, or lacks or adds a role.
    """
    thing = f"Transformer names in {path.name}"
    try:
        content: Any = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError):
        raise must("Transformer names", "be a readable YAML file", str(path)) from None
    if not isinstance(content, dict) or set(content) != {"title", "roles"} or not isinstance(content["roles"], dict):
        raise must(thing, "have the keys title and roles", content)
    roles = content["roles"]
    for role, name in roles.items():
        _check_role(thing, role, name)
    missing = [role for role in MATRICES if role not in roles]
    if missing:
        raise must(thing, f"give the roles {', '.join(MATRICES)}", ", ".join(map(str, roles)))
    return Names(str(content["title"]), dict(roles))


def _check_role(thing: str, role: object, name: object) -> None:
    """Refuse a role that is not known, or whose name lacks the layer's number or has one too many."""
    if role not in LAYER_ROLES + GLOBAL_ROLES:
        raise must(thing, f"give roles out of {', '.join(LAYER_ROLES + GLOBAL_ROLES)}", role)
    if not isinstance(name, str) or ("{layer}" in name) != (role in LAYER_ROLES):
        rule = "be text with" if role in LAYER_ROLES else "be text without"
        raise must(f"{thing}, {role},", f"{rule} {{layer}}", name)


def detect_names(tensors: Iterable[str], path: Path | None = None) -> Names:
    """Return the names that fit a model's tensors.

    Parameters
    ----------
    tensors
        The names of all tensors.
    path
        A description to use instead of those for BERT-like and LLaMA-like models.

    Raises
    ------
    InputError
        Where layer 0 lacks a matrix under every description.
    """
    present = sorted(tensors)
    for file in [path] if path else [FOLDER / name for name in BUILT_IN]:
        names = read_names(file).found_in(present)
        if names:
            return names
    if path:
        first = read_names(path)
        absent = [n for n in (f"{first.name(role, 0)}.weight" for role in MATRICES) if n not in present]
        raise must("Transformer weights", f"hold {absent[0]}, as {path.name} says", ", ".join(present))
    rule = "be named as in BERT or LLaMA, or be described by a file of names"
    raise must("Transformer tensors", rule, ", ".join(present))
