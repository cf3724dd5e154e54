"""The boards that rtloom knows."""

from collections.abc import Callable
from importlib import import_module
from typing import Any

from ..errors import ToolError, must
from .board import Board

__all__ = ["BOARDS", "board", "boards"]

# iCE40 UltraPlus Family Data Sheet, FPGA-DS-02008, table 2.1.
_UP5K = {"LUT4": 5280, "FF": 5280, "DSP": 8, "BRAM": 30, "SPRAM": 4}
# ECP5 and ECP5-5G Family Data Sheet, FPGA-DS-02012, table 1.1; LUTs to the unit as Project Trellis counts them.
_ECP5_45 = {"LUT4": 43848, "FF": 43848, "DSP": 72, "BRAM": 108}
_ECP5_85 = {"LUT4": 83640, "FF": 83640, "DSP": 156, "BRAM": 208}
# GW1NR series of FPGA Products Data Sheet, DS117, table 1-1.
_GW1NR_9 = {"LUT4": 8640, "FF": 6480, "DSP": 20, "BRAM": 26}


def _icebreaker() -> Board:
    platform = import_module("amaranth_boards.icebreaker").ICEBreakerPlatform
    return Board(
        name="icebreaker",
        title="1BitSquared iCEBreaker",
        fpga="ice40",
        device=platform.device.removeprefix("iCE40").lower(),
        package=platform.package.lower(),
        speed="",
        **_pins(platform),
        led_low=True,
        budget=_UP5K,
        baud=1_000_000,
        program="openFPGALoader -b ice40_generic {file}",
        sources=("pins: amaranth_boards.icebreaker", "budget: FPGA-DS-02008"),
    )


def _ulx3s_85f() -> Board:
    platform = import_module("amaranth_boards.ulx3s").ULX3S_85F_Platform
    return Board(
        name="ulx3s-85f",
        title="Radiona ULX3S 85F",
        fpga="ecp5",
        device=platform.device.removeprefix("LFE5U-").replace("F", "k"),
        package=platform.package.replace("BG", "CABGA"),
        speed=platform.speed,
        **_pins(platform),
        led_low=False,
        budget=_ECP5_85,
        baud=1_000_000,
        program="openFPGALoader -b ulx3s {file}",
        sources=("pins: amaranth_boards.ulx3s", "budget: FPGA-DS-02012"),
    )


def _colorlight_i9() -> Board:
    return Board(
        name="colorlight-i9",
        title="Colorlight i9 v7.2 on its extension board",
        fpga="ecp5",
        device="45k",
        package="CABGA381",
        speed="6",
        clock_hz=25_000_000,
        pins={"clk": "P3", "rx": "H18", "tx": "J17", "led": "L2"},
        led_low=True,
        budget=_ECP5_45,
        baud=115_200,
        program="openFPGALoader -b colorlight-i9 {file}",
        sources=(
            "clock, LED: github.com/wuxx/Colorlight-FPGA-Projects, colorlight_i9_v7.2.md",
            "serial line: github.com/litex-hub/litex-boards, platforms/colorlight_i5.py",
            "budget: FPGA-DS-02012",
        ),
    )


def _tang_nano_9k() -> Board:
    platform = import_module("amaranth_boards.tang_nano_9k").TangNano9kPlatform
    return Board(
        name="tang-nano-9k",
        title="Sipeed Tang Nano 9K",
        fpga="gowin",
        device=platform.part,
        package=platform.family.replace("GW1NR", "GW1N"),
        speed="",
        **_pins(platform),
        led_low=True,
        budget=_GW1NR_9,
        baud=115_200,
        program="openFPGALoader -b tangnano9k {file}",
        sources=("pins: amaranth_boards.tang_nano_9k", "budget: DS117"),
    )


BOARDS: dict[str, Callable[[], Board]] = {
    "icebreaker": _icebreaker,
    "ulx3s-85f": _ulx3s_85f,
    "colorlight-i9": _colorlight_i9,
    "tang-nano-9k": _tang_nano_9k,
}
"""What makes each board, by its name."""


def board(name: str) -> Board:
    """Return a board.

    Raises
    ------
    InputError
        Where there is none of that name; lists those that there are.
    ToolError
        Where the package amaranth-boards is not installed.
    """
    if name not in BOARDS:
        raise must("Board", f"be one of {', '.join(BOARDS)}", name)
    try:
        return BOARDS[name]()
    except ModuleNotFoundError as error:
        raise ToolError(f"{error.name} must be installed: pip install rtloom[boards]") from None


def boards() -> dict[str, Board]:
    """Return all boards by name.

    Raises
    ------
    ToolError
        Where the package amaranth-boards is not installed.
    """
    return {name: board(name) for name in BOARDS}


def _pins(platform: Any) -> dict[str, Any]:
    """Return clock and pins of an Amaranth platform."""
    found = {(resource.name, resource.number): resource for resource in platform.resources}
    clock, led, serial = found[platform.default_clk, 0], found["led", 0], found["uart", 0]
    lines = {line.name: line.ios[0].names[0] for line in serial.ios if hasattr(line, "ios")}
    pins = {"clk": clock.ios[0].names[0], "rx": lines["rx"], "tx": lines["tx"], "led": led.ios[0].names[0]}
    return {"clock_hz": round(clock.clock.frequency), "pins": pins}
