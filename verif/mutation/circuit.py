"""A netlist as AND gates and registers, as Yosys writes it in the AIGER format."""

from dataclasses import dataclass

__all__ = ["Circuit"]


@dataclass(frozen=True)
class Circuit:
    """AND gates with inverters, and registers.

    A literal is twice a variable, plus 1 where it is inverted; 0 and 1 are the constants. Variables are numbered from
    1: inputs, registers, then gates, each after those that it reads.

    Parameters
    ----------
    inputs
        Their names; of what has no value in the netlist the name is empty.
    registers
        Literal that each takes over with the clock.
    outputs
        Name -> literal.
    gates
        The two literals of each gate.
    """

    inputs: tuple[str, ...]
    registers: tuple[int, ...]
    outputs: dict[str, int]
    gates: tuple[tuple[int, int], ...]

    @property
    def first_register(self) -> int:
        """Variable of the first register."""
        return len(self.inputs) + 1

    @property
    def first_gate(self) -> int:
        """Variable of the first gate."""
        return self.first_register + len(self.registers)

    def variable(self, name: str) -> int:
        """Return the variable of an input; of a vector's bit the name is ``vector[bit]``."""
        return self.inputs.index(name) + 1

    @classmethod
    def parse(cls, raw: bytes) -> "Circuit":
        """Read binary AIGER with symbols: A. Biere, "The AIGER And-Inverter Graph (AIG) Format", 2007."""
        head, at = _line(raw, 0)
        _, inputs, registers, outputs, gates = (int(word) for word in head.split()[1:6])
        taken, results = [], []
        for _ in range(registers):
            line, at = _line(raw, at)
            taken.append(int(line.split()[0]))
        for _ in range(outputs):
            line, at = _line(raw, at)
            results.append(int(line))
        first, pairs = inputs + registers + 1, []
        for number in range(gates):
            less, at = _number(raw, at)
            lesser, at = _number(raw, at)
            larger = 2 * (first + number) - less
            pairs.append((larger, larger - lesser))
        names: dict[str, str] = {}
        while at < len(raw) and raw[at : at + 1] in (b"i", b"l", b"o"):
            line, at = _line(raw, at)
            place, _, name = line.partition(" ")
            names[place] = name
        given = tuple(names.get(f"i{number}", "") for number in range(inputs))
        ends = {names[f"o{number}"]: literal for number, literal in enumerate(results)}
        return cls(given, tuple(taken), ends, tuple(pairs))


def _line(raw: bytes, at: int) -> tuple[str, int]:
    """Return the line that begins there, and where the next one does."""
    end = raw.index(b"\n", at)
    return raw[at:end].decode(), end + 1


def _number(raw: bytes, at: int) -> tuple[int, int]:
    """Return a number in groups of seven bits, the lowest first, and where the next one begins."""
    value = shift = 0
    while raw[at] & 0x80:
        value |= (raw[at] & 0x7F) << shift
        shift, at = shift + 7, at + 1
    return value | raw[at] << shift, at + 1
