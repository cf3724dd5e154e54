"""Beats as bytes on the link: fields from bit 0 upwards, the flag `last` right above them, padded to whole bytes."""

import numpy as np

from ...hdl.ports import Beats, StreamPort, bytes_for

__all__ = ["beat_bytes", "from_bytes", "to_bytes"]


def beat_bytes(port: StreamPort) -> int:
    """Return the bytes of one beat on the link."""
    return bytes_for(port.width + port.last)


def to_bytes(port: StreamPort, beats: Beats) -> bytes:
    """Return beats as they travel, one behind the other.

    Parameters
    ----------
    port
        The stream.
    beats
        Arrays as `StreamPort.pack` takes them, and ``last``, ``(beats,)`` bool, where the stream has this flag.
    """
    packed = port.pack(beats)
    whole = np.zeros((len(packed), beat_bytes(port)), dtype=np.uint8)
    whole[:, : packed.shape[1]] = packed
    if port.last:
        whole[:, port.width // 8] |= np.asarray(beats["last"], dtype=np.uint8) << np.uint8(port.width % 8)
    return whole.tobytes()


def from_bytes(port: StreamPort, raw: bytes) -> Beats:
    """Read whole beats as they came; ``last`` as ``(beats,)`` bool where the stream has this flag."""
    whole = np.frombuffer(raw, dtype=np.uint8).reshape(-1, beat_bytes(port))
    beats = port.unpack(np.ascontiguousarray(whole[:, : port.nbytes]))
    if port.last:
        beats["last"] = (whole[:, port.width // 8] >> (port.width % 8) & 1).astype(np.bool_)
    return beats
