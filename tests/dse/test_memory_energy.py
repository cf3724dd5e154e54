"""Energy of memories: the tables, what lies between their points, and that there is nothing beyond them."""

import gzip
import re

import pytest

from rtloom.dse.memory_energy import DRAMS, dram_energy, sram_energy
from rtloom.errors import InputError

from ..hdl.liberty_files import FOLDER


def test_the_foundry_macro_says_so():
    path = FOLDER / "RM_IHPSG13_1P_1024x64.lib.gz"
    if not path.exists():
        pytest.skip("no liberty file of the SRAM macro in ../shared/data/liberty")
    text = gzip.decompress(path.read_bytes()).decode()

    def clock(when):
        states = r"\s*&\s*".join(re.escape(state) for state in when.split())
        found = re.search(rf'when\s*:\s*"{states}"\s*;\s*rise_power\("scalar"\)\{{\s*values \(([\d.]+)\)', text)
        return float(found[1])

    assert sram_energy(8192, 64).value == pytest.approx(clock("A_MEN !A_WEN A_REN"), abs=0.05)
    assert sram_energy(8192, 64, "write").value == pytest.approx(clock("A_MEN A_WEN !A_REN"), abs=0.05)


@pytest.mark.parametrize(("size", "energy"), [(512, 39.1), (2048, 49.6), (16384, 122.4), (3072, (49.6 + 68.9) / 2)])
def test_points_and_between_them(size, energy):
    found = sram_energy(size, 64)
    assert found.value == pytest.approx(energy)
    assert found.unit == "pJ"
    assert "IHP SG13G2" in found.source


@pytest.mark.parametrize(("kib", "energy"), [(8, 10), (32, 20), (1024, 100)])
def test_horowitz_at_the_published_points(kib, energy):
    assert sram_energy(kib * 1024, 64, table="horowitz").value == pytest.approx(energy, rel=1e-6)
    assert sram_energy(kib * 1024, 32, table="horowitz").value == pytest.approx(energy / 2, rel=1e-6)


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ((511, 64), "SRAM size must be 512 to 16384 bytes in the table sg13g2, not 511"),
        ((16385, 64), "SRAM size must be 512 to 16384 bytes in the table sg13g2, not 16385"),
        ((8192, 32), "SRAM width must be 64 bits in the table sg13g2, not 32"),
        ((8192, 64, "idle"), "SRAM access must be read or write, not 'idle'"),
        ((8192, 64, "read", "cacti"), "SRAM table must be one of sg13g2, horowitz, not 'cacti'"),
        ((4096, 64, "read", "horowitz"), "SRAM size must be 8192 to 1048576 bytes in the table horowitz, not 4096"),
        ((8192, 0, "read", "horowitz"), "SRAM width must be 1 bit or more, not 0"),
        ((8192, 64, "write", "horowitz"), "SRAM access must be read in the table horowitz, not 'write'"),
    ],
)
def test_beyond_the_tables(arguments, told):
    with pytest.raises(InputError) as caught:
        sram_energy(*arguments)
    assert str(caught.value) == told


def test_dram():
    assert dram_energy("LPDDR4").value == 8
    assert "Malladi" in dram_energy("LPDDR").source
    assert {figure.unit for figure in map(dram_energy, DRAMS)} == {"pJ/bit"}
    with pytest.raises(InputError, match="DRAM type must be one of LPDDR4, LPDDR, DDR3, GDDR5, HBM2, HMC, horowitz"):
        dram_energy("DDR9")
