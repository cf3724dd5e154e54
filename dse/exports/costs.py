"""What an export says of a design besides its shape: energies, areas and memories, each with its source."""

from dataclasses import dataclass

from ...errors import InputError, must
from ...figures import Figure
from ...generators.spec import Spec
from ...generators.systolic.params import SystolicParams

__all__ = ["ExportCosts", "ExportSram", "systolic"]


@dataclass(frozen=True)
class ExportSram:
    """An on-chip memory.

    Parameters
    ----------
    kib
        Its size in KiB.
    word_bits
        Bits of one access; what it gives or takes in a cycle.
    read, write
        Energy of an access, in pJ.
    area
        In um^2.
    """

    kib: int
    word_bits: int
    read: Figure
    write: Figure
    area: Figure

    def __post_init__(self) -> None:
        """Refuse what is no memory, or has no measured costs in these units."""
        for name, value in (("kib", self.kib), ("word_bits", self.word_bits)):
            if type(value) is not int or value < 1:
                raise must(f"Export memory {name}", "be an integer of at least 1", value)
        _check("memory read", self.read, "pJ")
        _check("memory write", self.write, "pJ")
        _check("memory area", self.area, "um^2")


@dataclass(frozen=True)
class ExportCosts:
    """Costs of a design.

    Parameters
    ----------
    mac
        Energy of a multiply-accumulate with all that belongs to it in the array, in pJ.
    array_area
        Area of the array, in um^2.
    register
        Energy of reading or writing a bit that stays in a processing element, in pJ; 0 where `mac` has it in it.
    inputs, weights, outputs
        The memories of the operands.
    dram
        Energy of a bit, in pJ.
    dram_bits_per_cycle
        Bits that DRAM moves in a cycle.
    """

    mac: Figure
    array_area: Figure
    register: Figure
    inputs: ExportSram
    weights: ExportSram
    outputs: ExportSram
    dram: Figure
    dram_bits_per_cycle: int

    def __post_init__(self) -> None:
        """Refuse figures in other units."""
        for name, figure, unit in (
            ("mac", self.mac, "pJ"),
            ("array_area", self.array_area, "um^2"),
            ("register", self.register, "pJ/bit"),
            ("dram", self.dram, "pJ/bit"),
        ):
            _check(name, figure, unit)
        if type(self.dram_bits_per_cycle) is not int or self.dram_bits_per_cycle < 8:
            raise must("Export dram_bits_per_cycle", "be an integer of at least 8", self.dram_bits_per_cycle)


def systolic(spec: Spec, tool: str) -> SystolicParams:
    """Return the parameters of a design that is an array of multipliers with one use of each operand's place.

    Raises
    ------
    InputError
        Where it is of another family, which `tool` has no form for.
    """
    if not isinstance(spec.params, SystolicParams):
        raise InputError(
            f"{tool} describes arrays of multiply-accumulators: the design must be of the family systolic, "
            f"not {spec.family.name} ({spec.name})"
        )
    return spec.params


def _check(name: str, figure: Figure, unit: str) -> None:
    """Refuse a figure of another unit, or below 0."""
    if figure.unit != unit:
        raise must(f"Export {name}", f"be in {unit}", figure.unit)
    if not figure.value >= 0:
        raise must(f"Export {name}", "be at least 0", figure.value)
