"""Waveform formats: chosen by a file's suffix; FST also where its compression libraries are not installed."""

import functools
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from ..errors import must
from ..processes import run_tool
from .store import digest, once
from .verilator import Compiler

__all__ = ["FstSupport", "fst_support", "wave_format"]

# The FST writer takes a part as it is where compression gains nothing. The hierarchy alone is always LZ4: here
# one run of literals, which is a valid LZ4 block.
LZ4 = """// Stand-in for liblz4: valid blocks that are not compressed.
#pragma once
#include <cstring>
static inline int LZ4_compressBound(int size) { return size + size / 255 + 16; }
static inline int LZ4_compress_default(const char* from, char* to, int size, int) {
    char* at = to;
    *at++ = static_cast<char>(size < 15 ? size << 4 : 0xF0);
    if (size >= 15) {
        int rest = size - 15;
        for (; rest >= 255; rest -= 255) *at++ = static_cast<char>(255);
        *at++ = static_cast<char>(rest);
    }
    std::memcpy(at, from, size);
    return static_cast<int>(at - to) + size;
}
"""
ZLIB = """// Stand-in for zlib: never smaller than the original, which the FST writer then takes instead.
#pragma once
#include <cstring>
typedef unsigned long uLong;
typedef unsigned long uLongf;
typedef unsigned char Bytef;
enum { Z_OK = 0 };
static inline uLong compressBound(uLong size) { return size; }
static inline int compress2(Bytef* to, uLongf* length, const Bytef* from, uLong size, int) {
    std::memcpy(to, from, size);
    *length = size;
    return Z_OK;
}
"""
STAND_INS = {"lz4": LZ4, "z": ZLIB}
HEADERS = {"lz4": "lz4.h", "z": "zlib.h"}
PROBE_LIMIT = 60.0


@dataclass(frozen=True)
class FstSupport:
    """How the FST writer is compiled and linked: with the libraries that are installed, stand-ins for the rest."""

    flags: tuple[str, ...]
    libraries: tuple[str, ...]


@functools.cache
def fst_support(compiler: Compiler) -> FstSupport:
    """Look which of zlib and lz4 can be compiled against; files grow about tenfold without them."""
    flags: list[str] = []
    libraries: list[str] = []
    for library, header in HEADERS.items():
        if _links(compiler, library, header):
            libraries.append(f"-l{library}")
        else:
            flags.append(f"-I{_stand_in(library)}")
    return FstSupport(tuple(flags), tuple(libraries))


def _links(compiler: Compiler, library: str, header: str) -> bool:
    """Say whether a program with that header and library can be built."""
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder, "probe.cpp")
        source.write_text(f"#include <{header}>\nint main() {{ return 0; }}\n")
        command: list[str | Path] = [*compiler.command, "-o", source.with_suffix(""), source, f"-l{library}"]
        return run_tool("C++ compiler", command, limit=PROBE_LIMIT).status == 0


def _stand_in(library: str) -> Path:
    """Return a folder with the stand-in's header."""
    text = STAND_INS[library]
    return once("object", digest(text), lambda folder: _write(folder / HEADERS[library], text))


def _write(path: Path, text: str) -> None:
    path.write_text(text)


def wave_format(path: Path) -> Literal["vcd", "fst", "saif"]:
    """Return the format that a file's suffix asks for.

    Raises
    ------
    InputError
        Where it is none of ``.fst``, ``.vcd`` and ``.saif``.
    """
    match path.suffix:
        case ".fst":
            return "fst"
        case ".vcd":
            return "vcd"
        case ".saif":
            return "saif"
    raise must("Trace file", "end in .fst, .vcd or .saif", str(path))
