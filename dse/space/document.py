"""The document of a space: which family, which parameters vary, on which workload, after what one looks."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar, Literal

from pydantic import Field

from ...errors import InputError, must
from ...generators.params import FamilyParams
from ...generators.spec import family, parse_yaml, read_text, unknown_name
from ...hdl.synth_gates import RECIPES
from .axes import axis_values

__all__ = ["FIGURES", "OBJECTIVES", "Memory", "Recipe", "Search", "Space", "parse_space", "read_space"]

OBJECTIVES: dict[str, int] = {"latency": 1, "throughput": -1, "area": 1, "energy": 1, "edp": 1, "accuracy": -1}
"""What can be looked for, and whether less (1) or more (-1) is better."""

BLOCKS = ("lut", "dsp", "ram")
"""Figures of an FPGA."""

FIGURES = (*OBJECTIVES, "cycles", "utilisation", "dram_bytes", "flip_flops", *BLOCKS)
"""What can be constrained; flip-flops and blocks are known from synthesis on."""

Dram = Literal["lpddr4", "lpddr", "ddr3", "gddr5", "hbm2", "hmc"]


class _Part(FamilyParams):
    """A part of the document."""

    @classmethod
    def rule(cls, name: str) -> str:
        """Say what values a field takes."""
        return cls.model_fields[name].description or super().rule(name)


class Memory(_Part):
    """What stands around the design: a scratchpad and a DRAM."""

    title: ClassVar[str] = "Space memory"

    buffer_kib: float = Field(512.0, gt=0, description="a number of KiB above 0: the scratchpad on the chip")
    bandwidth_gb_s: float = Field(12.8, gt=0, description="a number above 0: 10^9 bytes a second from DRAM")
    schedule: Literal["none", "lru", "belady", "milp"] = Field(
        "none",
        description="none, lru, belady or milp: every layer begins and ends in DRAM, or what a schedule keeps stays",
    )
    dram: Dram = Field("lpddr4", description="lpddr4, lpddr, ddr3, gddr5, hbm2 or hmc: energy of a bit from DRAM")


class Recipe(_Part):
    """How a point is synthesised; part of what a point is, and the best of all recipes counts."""

    title: ClassVar[str] = "Space recipe"

    booth: bool = Field(True, description="true or false: Booth-encoded multipliers, or arrays of adders")
    goal: Literal[tuple(RECIPES)] = Field("area", description=f"one of {', '.join(RECIPES)}")  # type: ignore[valid-type]
    flatten: bool = Field(False, description="true or false: dissolve modules before logic optimisation")

    @property
    def words(self) -> str:
        """The recipe in a few words."""
        parts = ["Booth" if self.booth else "array multipliers", self.goal, *(["flat"] if self.flatten else [])]
        return ", ".join(parts)


class Search(_Part):
    """How points are proposed."""

    title: ClassVar[str] = "Space search"

    method: Literal["auto", "exhaustive", "nsga2", "tpe"] = Field(
        "auto", description="auto, exhaustive, nsga2 or tpe: all points, or those that Optuna proposes"
    )
    trials: int = Field(2000, ge=1, le=10**6, description="an integer from 1 to 1000000: points that Optuna proposes")
    seed: int = Field(1, ge=0, le=2**31, description="an integer of at least 0: of proposals and of random tensors")


class Space(_Part):
    """Everything that determines an exploration."""

    title: ClassVar[str] = "Space"

    name: str = Field(min_length=1, max_length=80, description="a text of 1 to 80 characters")
    description: str = Field("", description="a text")
    family: str = Field(description="the name of a family")
    base: dict[str, Any] = Field(default_factory=dict, description="parameters and their values")
    axes: dict[str, Any] = Field(description="parameters and the values that each may take")
    workload: str = Field(description="the name of a workload, or a file")
    sizes: dict[str, int] = Field(default_factory=dict, description="sizes of the workload and their values")
    kept: int | None = Field(None, ge=1, description="an integer of at least 1: weights kept of a block (sparse)")
    objectives: list[str] = Field(default_factory=lambda: ["latency", "area", "energy"], description="a list of names")
    constraints: dict[str, Any] = Field(default_factory=dict, description="figures and their bounds")
    clock_mhz: float = Field(100.0, gt=0, le=10_000, description="a number of MHz above 0")
    memory: dict[str, Any] = Field(default_factory=dict, description="buffer_kib, bandwidth_gb_s, schedule and dram")
    liberty: list[str] = Field(default_factory=list, description="a list of liberty files")
    node: str = Field("sky130", description="the name of a built-in technology")
    fpga: Literal["ice40", "ecp5", "gowin", "xilinx"] | None = Field(
        None, description="ice40, ecp5, gowin or xilinx: also synthesise for this FPGA, for its blocks"
    )
    recipes: list[dict[str, Any]] = Field(
        default_factory=lambda: [{"booth": True}, {"booth": False}], description="a list of booth, goal and flatten"
    )
    data: Literal["uniform", "gauss", "relu"] = Field("relu", description="uniform, gauss or relu: random tensors")
    tensors: str | None = Field(
        None,
        description="an .npz file with matrices a (M, K), and b (K, N) or w (N, K), that operands are cut from",
    )
    search: dict[str, Any] = Field(default_factory=dict, description="method, trials and seed")
    synthesise: int = Field(32, ge=1, le=100_000, description="an integer of at least 1: most points of tier 1")

    def check_together(self) -> None:
        """Refuse what cannot be explored."""
        found = family(self.family)
        for name in self.axes:
            if name in self.base:
                raise must("Space base", f"leave out {name}, which is an axis", self.base[name])
        if not self.axes:
            raise InputError("Space axes must name at least one parameter that varies; this space is empty")
        for name, value in self.base.items():
            found.params.parse_field(name, value)
        self._check_objectives()
        _ = self.parsed_recipes, self.around, self.searched
        for name in self.bounds:
            if name in BLOCKS and self.fpga is None:
                raise must("Space fpga", f"be given where {name} is bounded", self.fpga)
        if self.kept is not None and self.family != "sparse":
            raise must("Space kept", f"be left out for the family {self.family}", self.kept)

    def _check_objectives(self) -> None:
        for name in self.objectives:
            if name not in OBJECTIVES:
                raise unknown_name("Space objectives", f"be of {', '.join(OBJECTIVES)}", name, OBJECTIVES)
        if not self.objectives or len(set(self.objectives)) < len(self.objectives):
            raise must("Space objectives", "be at least one, each once", self.objectives)
        if {"latency", "throughput"} <= set(self.objectives):
            raise must("Space objectives", "hold latency or throughput, which rank alike", self.objectives)

    @property
    def values(self) -> dict[str, list[Any]]:
        """The values of each axis, as the parameters hold them."""
        cls = family(self.family).params
        return {name: axis_values(cls, name, raw) for name, raw in self.axes.items()}

    @property
    def parsed_recipes(self) -> tuple[Recipe, ...]:
        """How points are synthesised."""
        found = tuple(Recipe.parse(raw) for raw in self.recipes)
        if not found or len(set(found)) < len(found):
            raise must("Space recipes", "be at least one, each once", self.recipes)
        return found

    @property
    def around(self) -> Memory:
        """The memories around the design."""
        return Memory.parse(self.memory)

    @property
    def searched(self) -> Search:
        """How points are proposed."""
        return Search.parse(self.search)

    @property
    def bounds(self) -> dict[str, tuple[float, float]]:
        """Least and most of each constrained figure."""
        return {name: _bound(name, raw) for name, raw in self.constraints.items()}


def _bound(name: str, raw: Any) -> tuple[float, float]:
    """Return the bounds of a figure."""
    if name not in FIGURES:
        raise unknown_name("Space constraints", f"be on {', '.join(FIGURES)}", name, FIGURES)
    if not isinstance(raw, Mapping) or not raw or set(raw) - {"at_least", "at_most"}:
        raise must(f"Space constraint {name}", "hold at_least, at_most or both", raw)
    for key, value in raw.items():
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise must(f"Space constraint {name} {key}", "be a number", value)
    least, most = float(raw.get("at_least", -float("inf"))), float(raw.get("at_most", float("inf")))
    if least > most:
        raise InputError(
            f"Space constraint {name} must allow some value, but at_least {least:g} is more than at_most {most:g}"
        )
    return least, most


def parse_space(raw: Any, thing: str, name: str) -> Space:
    """Return the space that a mapping describes.

    Raises
    ------
    InputError
        Where a key or value breaks a rule.
    """
    if not isinstance(raw, Mapping) or not all(isinstance(key, str) for key in raw):
        raise must(thing, "hold keys and values, family, axes and workload among them", raw)
    return Space.parse({"name": name, **raw})


def read_space(path: str | Path) -> Space:
    """Return the space that a YAML file describes; liberty and tensor files are found beside it.

    Raises
    ------
    InputError
        Where the file cannot be read or breaks a rule.
    """
    file = Path(path)
    thing = f"Space {file}"
    space = parse_space(parse_yaml(read_text(file, "Space"), thing), thing, file.stem)
    beside = {"liberty": [_beside(file, name) for name in space.liberty]}
    tensors = {"tensors": _beside(file, space.tensors)} if space.tensors else {}
    workload = {"workload": _beside(file, space.workload)} if (file.parent / space.workload).is_file() else {}
    return space.model_copy(update={**beside, **tensors, **workload})


def _beside(file: Path, name: str) -> str:
    """Return a file's path, relative ones being meant from where the space lies."""
    return str(file.parent / name) if not Path(name).is_absolute() else name
