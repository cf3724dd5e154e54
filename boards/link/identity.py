"""What tells the design on a board from every other: eight bytes that the shell holds and the host checks."""

import hashlib
import json
from collections.abc import Sequence

from ...generators.spec import Spec
from ...hdl.ports import StreamPort
from .protocol import VERSION

__all__ = ["IDENTITY_BYTES", "identity", "identity_of"]

IDENTITY_BYTES = 8


def identity(family: str, digest: str, ports: Sequence[StreamPort]) -> bytes:
    """Return the identity of a design: of its family, its parameters' digest, its streams and the protocol.

    Parameters
    ----------
    family, digest, ports
        As they stand in a `rtloom.hdl.manifest.Manifest`.
    """
    what = [VERSION, family, digest, [port.to_dict() for port in ports]]
    return hashlib.sha256(json.dumps(what, sort_keys=True).encode()).digest()[:IDENTITY_BYTES]


def identity_of(spec: Spec) -> bytes:
    """Return the identity of a specification's design."""
    return identity(spec.family.name, spec.params.digest, spec.family.ports(spec.params))
