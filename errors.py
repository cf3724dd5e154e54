"""The errors that a user can cause, each one clear line; the command turns them into exit statuses."""

__all__ = ["CheckError", "InputError", "RtloomError", "ToolError", "must"]


class RtloomError(Exception):
    """Base of all errors that are shown to the user as one line, without a traceback."""

    exit_status = 2


class InputError(RtloomError, ValueError):
    """Bad input: a parameter, array or file that breaks a rule (exit status 2)."""


class ToolError(RtloomError):
    """An external tool is missing, too old, crashed or ran out of time (exit status 2)."""


class CheckError(RtloomError):
    """A check was carried out and failed: outputs differ, a stream rule was broken (exit status 1)."""

    exit_status = 1


def must(thing: str, rule: str, value: object) -> InputError:
    """Return the error in the project's one message form: ``<thing> must <rule>, not <value>``.

    Parameters
    ----------
    thing
        The family and parameter, array or file, for example ``"Systolic rows"``.
    rule
        What holds, beginning with a verb, for example ``"be between 1 and 256"``.
    value
        What was given; shown with `repr`, shortened to 80 characters.
    """
    shown = repr(value)
    if len(shown) > 80:
        shown = shown[:77] + "..."
    return InputError(f"{thing} must {rule}, not {' '.join(shown.split())}")
