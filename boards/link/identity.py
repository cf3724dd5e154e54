"""What tells the design on a board from every other: eight bytes that the shell holds and the host checks."""

import hashlib
import json
from collections.abc import Sequence
from importlib.metadata import version

from ...generators.spec import Spec
from ...hdl.ports import StreamPort
from .protocol import VERSION

__all__ = ["IDENTITY_BYTES", "identity", "identity_of"]

IDENTITY_BYTES = 8


def identity(family: str, digest: str, ports: Sequence[StreamPort]) -> bytes:
    """Return the identity of a design: its family, its parameters' digest, its streams, the protocol, and the package.

    Whatever decides what the bytes on the line mean is in it: another version of the package may map tensors otherwise.

    Parameters
    ----------
    family, digest, ports
        As they stand in a `rtloom.hdl.manifest.Manifest`.
    """
    streams = [[p.name, p.direction, p.last, [[f.name, f.format.name, f.lanes] for f in p.fields]] for p in ports]
    what = [VERSION, version("rtloom"), family, digest, streams]
    return hashlib.sha256(json.dumps(what, sort_keys=True).encode()).digest()[:IDENTITY_BYTES]


def identity_of(spec: Spec) -> bytes:
    """Return the identity of a specification's design."""
    return identity(spec.family.name, spec.params.digest, spec.family.ports(spec.params))
