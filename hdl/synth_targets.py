"""What synthesis can target: the Yosys commands of each, and what its cells count as."""

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

__all__ = ["FPGAS", "TARGETS", "Fpga"]


@dataclass(frozen=True)
class Fpga:
    """An FPGA family.

    Parameters
    ----------
    title
        Its name in reports.
    command
        Yosys synthesis command without the top.
    hierarchical, flat
        Options that keep the hierarchy, and that dissolve it.
    no_dsp
        Options that keep multipliers out of DSP blocks.
    resources
        Resource -> pattern that its cells' names match wholly; the first that matches counts. Cells that match none
        are counted under their own name: nothing is left out.
    weights
        Cells that count as more than one of their resource.
    ignored
        Cells that are no resource: constants, buffers of the boundary.
    """

    title: str
    command: str
    hierarchical: str
    flat: str
    no_dsp: tuple[str, str]
    resources: Mapping[str, str]
    weights: Mapping[str, int]
    ignored: str

    def passes(self, top: str, *, flatten: bool, dsp: bool) -> list[str]:
        """Return the Yosys commands for a design that is read already."""
        with_dsp, without = self.no_dsp
        options = [self.flat if flatten else self.hierarchical, with_dsp if dsp else without]
        return [" ".join([self.command, *filter(None, options), "-top", top])]

    def count(self, cells: Mapping[str, int]) -> dict[str, int]:
        """Return how much of each resource these cells take; every resource of the family is named, if only with 0."""
        total: Counter[str] = Counter(dict.fromkeys(self.resources, 0))
        for cell, count in cells.items():
            if re.fullmatch(self.ignored, cell):
                continue
            kind = next((name for name, pattern in self.resources.items() if re.fullmatch(pattern, cell)), cell)
            total[kind] += count * self.weights.get(cell, 1)
        return dict(total)


FPGAS = {
    "ice40": Fpga(
        title="iCE40 UltraPlus",
        command="synth_ice40 -device u",
        hierarchical="-noflatten",
        flat="",
        no_dsp=("-dsp", ""),
        resources={
            "LUT4": "SB_LUT4",
            "FF": "SB_DFF.*",
            "carry": "SB_CARRY",
            "DSP": "SB_MAC16",
            "BRAM": "SB_RAM40_4K.*",
            "SPRAM": "SB_SPRAM256KA",
        },
        weights={},
        ignored=r"SB_(GB|IO)",
    ),
    "ecp5": Fpga(
        title="ECP5",
        command="synth_ecp5",
        hierarchical="-noflatten",
        flat="",
        no_dsp=("", "-nodsp"),
        resources={
            "LUT4": "LUT4",
            "FF": "TRELLIS_FF",
            "carry": "CCU2C",
            "mux": "PFUMX|L6MUX21",
            "DSP": "MULT18X18D|ALU54B",
            "BRAM": "DP16KD|PDPW16KD",
            "LUT RAM": "TRELLIS_DPR16X4",
        },
        weights={},
        ignored=r"VLO|VHI|TRELLIS_IO",
    ),
    "gowin": Fpga(
        title="Gowin GW1N",
        command="synth_gowin -noiopads",
        hierarchical="-noflatten",
        flat="",
        no_dsp=("", "-nodsp"),
        resources={
            "LUT4": "LUT[1-4]",
            "FF": "DFF.*|DL.*",
            "carry": "ALU",
            "mux": "MUX2_LUT[5-8]",
            "DSP": r"MULT\d+X\d+|MULTALU.*|MULTADDALU.*",
            "BRAM": "SDP.*|DP[BX].*|SP|SPX9|P?ROM.*",
            "LUT RAM": "RAM16S.*",
        },
        weights={},
        ignored=r"GND|VCC|GSR|IBUF|OBUF|INV",
    ),
    "xilinx": Fpga(
        title="Xilinx 7 series",
        command="synth_xilinx -family xc7 -noiopad -noclkbuf",
        hierarchical="",
        flat="-flatten",
        no_dsp=("", "-nodsp"),
        resources={
            "LUT6": "LUT[1-6]|INV",
            "FF": "FD[RSCP]E.*|LD[CP]E",
            "carry": "CARRY4|CARRY8",
            "mux": "MUXF[789]",
            "DSP": "DSP48E[12]",
            "BRAM18": "RAMB(18|36).*",
            "LUT RAM": "RAM(32|64|128|256).*|SRL16E|SRLC32E",
        },
        weights={"RAMB36E1": 2, "RAMB36E2": 2, "RAM32M": 4, "RAM64M": 4, "RAM32M16": 8, "RAM64M8": 8},
        ignored="BUFG|IBUF|OBUF|GND|VCC",
    ),
}
FPGAS["xilinx-up"] = Fpga(
    title="Xilinx UltraScale+",
    command="synth_xilinx -family xcup -noiopad -noclkbuf",
    hierarchical="",
    flat="-flatten",
    no_dsp=("", "-nodsp"),
    resources=FPGAS["xilinx"].resources,
    weights=FPGAS["xilinx"].weights,
    ignored=FPGAS["xilinx"].ignored,
)

TARGETS = ("gates", *FPGAS)
"""Names of all targets."""
