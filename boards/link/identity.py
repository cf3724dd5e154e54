"""What tells the design on a board from every other: eight bytes that the shell holds and the host checks."""

import hashlib
import json
from collections.abc import Sequence

from ...hdl.ports import StreamPort
from .protocol import VERSION

__all__ = ["IDENTITY_BYTES", "identity"]

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
