"""The base of every family's parameters: frozen, unknown keys refused, one clear line for each mistake."""

import hashlib
import json
import types
from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Literal, Self, Union, get_args, get_origin

import pydantic
from pydantic import BaseModel, ConfigDict, PlainSerializer, PlainValidator, WithJsonSchema

from ..errors import InputError, must
from ..hdl.formats import Format, parse_format

__all__ = ["FamilyParams", "FormatField"]


def _parse(value: Any) -> Format:
    return parse_format(value)


FormatField = Annotated[
    Format,
    PlainValidator(_parse),
    PlainSerializer(lambda value: value.name, return_type=str),
    WithJsonSchema({"type": "string", "description": "int2 to int16, uint1 to uint16, ternary or bipolar"}),
]
"""A number format, written by its name in YAML and JSON."""


class FamilyParams(BaseModel):
    """Parameters of one family: a frozen value with one field a parameter.

    Subclasses declare `title` (the word that begins every message) and fields with ``description=`` and ranges.
    Rules over several fields go into `check_together`, which raises `InputError`.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", arbitrary_types_allowed=True, strict=True)
    title: ClassVar[str] = "Family"

    @classmethod
    def parse(cls, raw: Mapping[str, Any]) -> Self:
        """Return the parameters in `raw`, or raise `InputError` with one line that names the first mistake."""
        try:
            params = cls.model_validate(dict(raw))
        except pydantic.ValidationError as error:
            raise cls._explain(error) from None
        params.check_together()
        return params

    @classmethod
    def parse_field(cls, name: str, value: Any) -> Any:
        """Return one field's value as the parameters hold it, whatever the others are.

        Raises
        ------
        InputError
            Where there is no such field, or the value breaks its rule.
        """
        if name not in cls.model_fields:
            raise InputError(f"{cls.title} has no parameter {name!r}; it has {', '.join(cls.model_fields)}")
        try:
            found = cls.__pydantic_validator__.validate_assignment(cls.model_construct(), name, value)
        except pydantic.ValidationError as error:
            raise cls._explain(error) from None
        return getattr(found, name)

    def check_together(self) -> None:
        """Raise `InputError` where fields that are each allowed do not go together."""

    def refuse_unused(self, unused: Mapping[str, str | None]) -> None:
        """Raise `InputError` where a field that the design has no use for was set: it would be ignored.

        Parameters
        ----------
        unused
            For each field why there is no use for it, as the message goes on after its default (``in a design without
            requantize``); None where there is one.
        """
        for name, reason in unused.items():
            default = type(self).model_fields[name].default
            if reason is None or getattr(self, name) == default:
                continue
            left = "null" if default is None else default
            raise must(f"{self.title} {name}", f"be left at {left} {reason}", self.to_dict()[name])

    def replace(self, **changes: Any) -> Self:
        """Return a copy with some fields changed, validated anew."""
        return type(self).parse({**self.to_dict(), **changes})

    def to_dict(self) -> dict[str, Any]:
        """Return the parameters as plain values, as YAML and the manifest hold them."""
        return self.model_dump(mode="json")

    @property
    def digest(self) -> str:
        """Sixteen hexadecimal digits that identify these parameters."""
        text = json.dumps([type(self).__name__, self.to_dict()], sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:16]

    @classmethod
    def _explain(cls, error: pydantic.ValidationError) -> InputError:
        first = error.errors()[0]
        name = str(first["loc"][0]) if first["loc"] else "parameters"
        if first["type"] == "extra_forbidden":
            return InputError(f"{cls.title} has no parameter {name!r}; it has {', '.join(cls.model_fields)}")
        if first["type"] == "missing":
            return InputError(f"{cls.title} {name} must be given: {cls.rule(name)}")
        return must(f"{cls.title} {name}", f"be {cls.rule(name)}", first["input"])

    @classmethod
    def rule(cls, name: str) -> str:
        """Say in a few words what values the field takes, for example ``an integer from 1 to 256``."""
        field = cls.model_fields[name]
        kind, optional = _strip_optional(field.annotation)
        bounds = {
            k: getattr(m, k)
            for m in field.metadata
            for k in ("ge", "le", "gt", "lt")
            if getattr(m, k, None) is not None
        }
        if kind is Format or any(isinstance(m, PlainValidator) for m in field.metadata):
            text = "int2 to int16, uint1 to uint16, ternary or bipolar"
        elif get_origin(kind) is Literal:
            words = [str(word) for word in get_args(kind)]
            text = f"{', '.join(words[:-1])} or {words[-1]}" if len(words) > 1 else words[0]
        elif kind is bool:
            text = "true or false"
        elif kind is int:
            text = "an integer" + (
                f" from {bounds['ge']} to {bounds['le']}"
                if {"ge", "le"} <= set(bounds)
                else f" of at least {bounds['ge']}"
                if "ge" in bounds
                else ""
            )
        else:
            text = getattr(kind, "__name__", str(kind))
        return text + (" or null" if optional else "")


def _strip_optional(annotation: Any) -> tuple[Any, bool]:
    """Return the type without ``| None``, without `Annotated`, and whether None was allowed."""
    if get_origin(annotation) is Annotated:
        return _strip_optional(get_args(annotation)[0])
    if get_origin(annotation) in (Union, types.UnionType):
        rest = [arg for arg in get_args(annotation) if arg is not type(None)]
        if len(rest) == 1:
            return _strip_optional(rest[0])[0], True
    return annotation, False
