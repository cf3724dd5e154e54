"""GEMM and GEMV mode: which design a product is tiled for, and what its beats look like on the one that there is."""

import numpy as np

from ...hdl.ports import Beats, StreamPort
from .params import SparseParams
from .ports import stream_ports

__all__ = ["in_mode", "on_design"]

_OF_CHAINS = ("w", "index", "scales", "epilogue")


def in_mode(params: SparseParams, m: int) -> SparseParams:
    """Return the design that a product with `m` rows of A is tiled for: in GEMV mode all rows of chains are chains."""
    if not params.gemv:
        return params
    one_row = {"rows": 1, "chains": params.rows * params.chains} if m == 1 else {}
    return params.model_copy(update={"gemv": False, **one_row})


def on_design(params: SparseParams, m: int, inputs: dict[str, Beats]) -> dict[str, Beats]:
    """Return the beats of a product tiled for `in_mode` as the design takes them.

    In GEMV mode every row gets the same window. In GEMM mode the weights of other rows than the first are zeros, and
    their epilogue is that of the first.
    """
    if not params.gemv:
        return inputs
    ports = {port.name: port for port in stream_ports(params)}
    flag = np.full((len(inputs["panels"]["kept"]), 1), int(m == 1), dtype=np.uint8)
    found = inputs | {"panels": inputs["panels"] | {"gemv": flag}}
    if m == 1:
        return found | {"a": {"data": np.tile(inputs["a"]["data"], (1, params.rows))}}
    return found | {name: _widened(ports[name], inputs[name]) for name in _OF_CHAINS if name in inputs}


def _widened(port: StreamPort, beats: Beats) -> Beats:
    """Give every field its lanes: the epilogue's again for each row, the weights' with zeros behind."""
    wide: Beats = {}
    for field in port.fields:
        values = beats[field.name]
        times = field.lanes // values.shape[1]
        if port.name == "epilogue":
            wide[field.name] = np.tile(values, (1, times))
        else:
            wide[field.name] = np.pad(values, ((0, 0), (0, field.lanes - values.shape[1])))
    return wide
