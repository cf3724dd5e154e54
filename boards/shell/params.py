"""What a board's shell is made for: a design's streams, its identity and the speed of the line; no hardware import."""

from dataclasses import dataclass

from ...errors import InputError, must
from ...generators.spec import Spec
from ...hdl.ports import StreamPort
from ..link.identity import IDENTITY_BYTES, identity
from ..link.protocol import MAX_PAYLOAD

__all__ = ["LEAST_CLOCKS_PER_BIT", "ShellParams", "clocks_per_bit", "shell_params"]

LEAST_CLOCKS_PER_BIT = 4
"""So that a bit is sampled well inside, and a byte leaves time for its CRC."""
TOLERANCE = 0.02
"""Relative error of a baud rate: ten bits drift by a fifth of a bit at most."""
_MOST_CLOCKS_PER_BIT = 1 << 16
_MOST_STREAMS = 255


@dataclass(frozen=True)
class ShellParams:
    """Parameters of a shell.

    Parameters
    ----------
    ports
        Streams of the design; the link numbers inputs and outputs each in this order.
    identity
        What the design is known by, see `rtloom.boards.link.identity`.
    clocks_per_bit
        Clock cycles of a bit on the serial line.
    buffer_bytes
        Bytes of the ring at each stream, a power of two.

    Raises
    ------
    InputError
        Where a parameter breaks a rule.
    """

    ports: tuple[StreamPort, ...]
    identity: bytes
    clocks_per_bit: int
    buffer_bytes: int = 512

    def __post_init__(self) -> None:
        """Check the parameters."""
        if len(self.identity) != IDENTITY_BYTES:
            raise must("Shell identity", f"be {IDENTITY_BYTES} bytes", self.identity)
        if self.clocks_per_bit not in range(LEAST_CLOCKS_PER_BIT, _MOST_CLOCKS_PER_BIT):
            rule = f"be an integer from {LEAST_CLOCKS_PER_BIT} to {_MOST_CLOCKS_PER_BIT - 1}"
            raise must("Shell clocks_per_bit", rule, self.clocks_per_bit)
        if self.buffer_bytes <= MAX_PAYLOAD or self.buffer_bytes & (self.buffer_bytes - 1):
            raise must("Shell buffer_bytes", f"be a power of two above {MAX_PAYLOAD}", self.buffer_bytes)
        for way, ports in (("inputs", self.inputs), ("outputs", self.outputs)):
            if not 1 <= len(ports) <= _MOST_STREAMS:
                raise must(f"Shell {way}", f"be 1 to {_MOST_STREAMS} streams", len(ports))

    @property
    def inputs(self) -> tuple[StreamPort, ...]:
        """Streams into the design, in the order of their numbers."""
        return tuple(port for port in self.ports if port.direction == "in")

    @property
    def outputs(self) -> tuple[StreamPort, ...]:
        """Streams out of the design, in the order of their numbers."""
        return tuple(port for port in self.ports if port.direction == "out")


def shell_params(spec: Spec, clocks_per_bit: int) -> ShellParams:
    """Return the parameters of the shell around a specification's design."""
    ports = spec.family.ports(spec.params)
    return ShellParams(ports, identity(spec.family.name, spec.params.digest, ports), clocks_per_bit)


def clocks_per_bit(clock_hz: float, baud: float) -> int:
    """Return how many cycles of a clock make a bit of a line.

    Raises
    ------
    InputError
        Where a bit would be too short, or the nearest whole number is too far off.
    """
    if not (clock_hz > 0 and baud > 0):
        raise InputError(f"Clock and baud rate must be positive, not {clock_hz:g} Hz and {baud:g}")
    clocks = round(clock_hz / baud)
    if clocks < LEAST_CLOCKS_PER_BIT:
        most = clock_hz / LEAST_CLOCKS_PER_BIT
        raise must("Baud rate", f"be at most {most:.0f} with a clock of {clock_hz:g} Hz", f"{baud:g}")
    error = clock_hz / (clocks * baud) - 1
    if abs(error) > TOLERANCE:
        rule = f"be at most {TOLERANCE:.0%} from a whole part of the clock of {clock_hz:g} Hz"
        raise must("Baud rate", rule, f"{baud:g} ({error:+.1%})")
    return clocks
