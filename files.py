"""Files that are written whole or not at all: to a temporary name beside the target, then renamed."""

import os
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from .errors import must

__all__ = ["made_folder", "whole_file", "write_files"]


@contextmanager
def whole_file(path: Path, thing: str = "Output") -> Iterator[IO[bytes]]:
    """Open a binary file that takes its name when the block ends well and vanishes when it does not.

    Opened at the beginning of long work, it also tells at once that the result could not be written.

    Parameters
    ----------
    path
        The file's final name; a file of that name stays as it is until the new one is complete.
    thing
        What the file is called in the message.

    Yields
    ------
    IO[bytes]
        The file under its temporary name.

    Raises
    ------
    InputError
        Where no such file can be made.
    """
    if path.is_dir():
        raise must(thing, "be a file, and a folder has its name", str(path))
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        file = temporary.open("wb")
    except OSError as error:
        raise must(thing, f"be a file that can be written ({_reason(error)})", str(path)) from None
    try:
        with file:
            yield file
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def made_folder(path: Path, thing: str = "Output") -> Path:
    """Return a folder, made if need be.

    Raises
    ------
    InputError
        Where there cannot be such a folder, or nothing can be written into it.
    """
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise must(thing, f"be a folder that can be written ({_reason(error)})", str(path)) from None
    if not os.access(path, os.W_OK):
        raise must(thing, "be a folder that can be written", str(path))
    return path


def write_files(directory: Path, contents: Mapping[str, str | bytes]) -> list[Path]:
    """Write several files into a folder, made if need be: all are complete before the first takes its name.

    Parameters
    ----------
    directory
        The folder.
    contents
        Name -> what the file holds; text becomes UTF-8.

    Returns
    -------
    list of Path
        The files, in order.

    Raises
    ------
    InputError
        Where the folder cannot be written.
    """
    try:
        directory.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".rtloom-", dir=directory) as staging:
            for name, content in contents.items():
                (Path(staging) / name).write_bytes(content.encode() if isinstance(content, str) else content)
            for name in contents:
                (Path(staging) / name).replace(directory / name)
    except OSError as error:
        raise must("Output", f"be a folder that can be written ({_reason(error)})", str(directory)) from None
    return [directory / name for name in contents]


def _reason(error: OSError) -> str:
    """Return what the system says, in the middle of a sentence."""
    return (error.strerror or str(error)).lower()
