"""Designs that are broken on purpose, as data, and how many of them the classifier puts where they belong."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import yaml

from ...errors import must
from ...figures import Figure
from ...generators.design import Design, emit_design
from ...generators.spec import Spec, load
from ...sim.build import BuildOptions
from ..mutants import broken
from .classes import CLASSES
from .run import verify_dut

__all__ = ["ClassifierReport", "Placed", "Variant", "Variants", "judge", "read_variants"]

# Each design runs a few scenarios, once.
_SHORT = BuildOptions(optimise=0)
_KEYS = {"name", "class", "replace", "fault", "count"}


@dataclass(frozen=True)
class Variant:
    """A broken design.

    Parameters
    ----------
    name
        What is wrong with it.
    expected
        The class that it belongs to.
    replace
        Regular expressions and what stands in the place of what they match, in the design's Verilog.
    fault
        A name in `mutants.FAULTS`, put around the design; empty for none.
    count
        Matches that are replaced; 0 for all.
    """

    name: str
    expected: str
    replace: Mapping[str, str]
    fault: str = ""
    count: int = 0

    def apply(self, design: Design) -> str:
        """Return the Verilog of the broken design.

        Raises
        ------
        InputError
            Where an expression matches nothing: the design has changed.
        """
        text = broken(design, self.fault).verilog if self.fault else design.verilog
        for pattern, new in self.replace.items():
            text, times = re.subn(pattern, new, text, count=self.count)
            if not times:
                raise must(f"Variant {self.name}", f"match the Verilog of {design.manifest.top}", pattern)
        return text


@dataclass(frozen=True)
class Variants:
    """Broken designs of one specification, and the scenarios that tell their classes apart."""

    spec: Spec
    only: tuple[str, ...]
    variants: tuple[Variant, ...]


@dataclass(frozen=True)
class Placed:
    """Where the classifier put a variant."""

    design: str
    name: str
    expected: str
    found: str
    message: str

    @property
    def right(self) -> bool:
        """Whether it is the class that it belongs to."""
        return self.found == self.expected


@dataclass(frozen=True)
class ClassifierReport:
    """How many broken designs are in their class.

    Parameters
    ----------
    design
        What they were made from: families by name.
    placed
        Every variant.
    """

    design: str
    placed: tuple[Placed, ...]

    @property
    def right(self) -> int:
        """How many are in their class."""
        return sum(placed.right for placed in self.placed)

    @property
    def score(self) -> Figure:
        """Share that is right."""
        return Figure(100 * self.right / max(len(self.placed), 1), "%", "rtl-sim")

    def to_dict(self) -> dict[str, Any]:
        """Return plain values."""
        return {
            "report": "classifier",
            "design": self.design,
            "right": Figure(self.right, "variants", "rtl-sim").to_dict(),
            "of": Figure(len(self.placed), "variants", "exact").to_dict(),
            "score": self.score.to_dict(),
            "variants": [vars(placed) | {"right": placed.right} for placed in self.placed],
        }

    def __str__(self) -> str:
        return f"{self.design}: {self.right} of {len(self.placed)} broken designs in their class, {self.score}"


def read_variants(file: Path) -> Variants:
    """Read a YAML file of broken designs: ``spec``, ``only`` (scenarios) and ``variants``.

    Raises
    ------
    InputError
        Where something is missing or unknown.
    """
    raw = yaml.safe_load(file.read_text(encoding="utf-8"))
    if not isinstance(raw, dict) or set(raw) != {"spec", "only", "variants"}:
        raise must(f"Variants {file.name}", "be a mapping with spec, only and variants", raw)
    return Variants(load(raw["spec"]), tuple(raw["only"]), tuple(_variant(each) for each in raw["variants"]))


def _variant(raw: Mapping[str, Any]) -> Variant:
    """Read one variant."""
    if unknown := sorted(set(raw) - _KEYS):
        raise must("Variant key", f"be one of {', '.join(sorted(_KEYS))}", unknown[0])
    if raw["class"] not in CLASSES:
        raise must(f"Class of variant {raw['name']}", f"be one of {', '.join(CLASSES)}", raw["class"])
    return Variant(
        raw["name"], raw["class"], dict(raw.get("replace", {})), raw.get("fault", ""), int(raw.get("count", 0))
    )


def judge(
    files: Sequence[Path],
    tell: Callable[[Placed], None] = lambda _: None,
    keep: Callable[[Variant], bool] = lambda _: True,
) -> ClassifierReport:
    """Run the bench on every broken design of some files and count those in their class.

    Parameters
    ----------
    files
        As `read_variants` takes them.
    tell
        Is told each result.
    keep
        Which variants are run; all if not given.

    Raises
    ------
    InputError
        Where a file is wrong, or does not fit the design that is emitted now.
    ToolError
        Where a tool is missing or crashes.
    """
    placed = []
    read = [read_variants(file) for file in files]
    for variants in read:
        design = emit_design(variants.spec)
        for variant in filter(keep, variants.variants):
            placed.append(_place(variants, variant, design))
            tell(placed[-1])
    return ClassifierReport(", ".join(variants.spec.family.name for variants in read), tuple(placed))


def _place(variants: Variants, variant: Variant, design: Design) -> Placed:
    """Return where the classifier puts a variant."""
    with TemporaryDirectory(prefix="rtloom-variant-") as folder:
        file = Path(folder) / f"{variant.name}.v"
        file.write_text(variant.apply(design))
        report = verify_dut(variants.spec, [file], design.manifest.top, only=variants.only, options=_SHORT)
    finding = report.finding
    return Placed(variants.spec.family.name, variant.name, variant.expected, finding.name, finding.message)
