"""The commands ``rtloom list`` and ``rtloom describe``, and how commands take ``-p key=value``."""

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from .family import Family

__all__ = ["overrides", "register"]


def register(app: typer.Typer) -> None:
    """Add ``list`` and ``describe`` to the command."""
    app.command("list")(list_all)
    app.command()(describe)


def overrides(params: Sequence[str] | None) -> dict[str, Any]:
    """Read ``key=value`` words, each value being a YAML scalar.

    Raises
    ------
    InputError
        Where a word is not of this form.
    """
    import yaml

    from ..errors import InputError, must

    found: dict[str, Any] = {}
    for word in params or ():
        key, equals, text = word.partition("=")
        if not (equals and key.isidentifier()):
            raise must("Parameter", "be given as key=value", word)
        if key in found:
            raise InputError(f"Parameter {key} must be given once, not {found[key]!r} and {text!r}")
        try:
            found[key] = yaml.safe_load(text)
        except yaml.YAMLError:
            raise must(f"Parameter {key}", "have a YAML scalar as its value", text) from None
    return found


def list_all(as_json: Annotated[bool, typer.Option("--json", help="Machine-readable output.")] = False) -> None:
    """List families, presets and number formats.

    Example: rtloom list --json
    """
    from .spec import families, presets

    known, specs = families(), presets()
    formats = "int2 to int16, uint1 to uint16, ternary, bipolar"
    if as_json:
        content = {
            "families": {name: family.summary for name, family in known.items()},
            "presets": {
                name: {"family": spec.family.name, "description": spec.description, "params": spec.params.to_dict()}
                for name, spec in specs.items()
            },
            "formats": formats,
        }
        typer.echo(json.dumps(content, indent=2))
        return
    typer.echo("Families (rtloom describe FAMILY)")
    _table([(name, family.summary) for name, family in known.items()])
    typer.echo("\nPresets (rtloom verilog PRESET -o DIR)")
    _table([(name, spec.description) for name, spec in specs.items()])
    typer.echo(f"\nNumber formats\n  {formats}")


def describe(
    name: Annotated[str, typer.Argument(metavar="FAMILY", help="Family, see rtloom list.")],
    as_json: Annotated[bool, typer.Option("--json", help="JSON schema of the parameters.")] = False,
) -> None:
    """Describe a family's parameters: meaning, range, default.

    Example: rtloom describe systolic
    """
    from .spec import family

    found = family(name)
    if as_json:
        typer.echo(json.dumps(_schema(found), indent=2))
        return
    typer.echo(f"{found.name}: {found.summary}\nOperations: {', '.join(found.operations)}\n")
    for key, rule, default, meaning in _parameters(found):
        typer.echo(f"{key} = {default}\n    {meaning}; {rule}")


def _schema(family: "Family[Any]") -> dict[str, Any]:
    """Return the JSON schema, with number formats by their names as everywhere else."""
    from ..hdl.formats import Format

    schema: dict[str, Any] = family.params.model_json_schema()
    for name, field in family.params.model_fields.items():
        if isinstance(field.default, Format):
            schema["properties"][name]["default"] = field.default.name
    return schema


def _parameters(family: "Family[Any]") -> list[tuple[str, str, str, str]]:
    """Return name, rule, default and meaning of each parameter."""
    from ..hdl.formats import Format

    rows = []
    for name, field in family.params.model_fields.items():
        default = field.default
        shown = "(must be given)" if field.is_required() else default.name if isinstance(default, Format) else default
        text = shown if isinstance(shown, str) else json.dumps(shown)
        rows.append((name, family.params.rule(name), text, field.description or ""))
    return rows


def _table(rows: Sequence[tuple[str, str]]) -> None:
    """Print two columns."""
    width = max((len(left) for left, _ in rows), default=0)
    for left, right in rows:
        typer.echo(f"  {left:{width}}  {right}".rstrip())
