"""Spaces too large to be enumerated: Optuna proposes points, tier 0 judges them."""

from collections.abc import Callable
from importlib import import_module
from typing import Any

from ...errors import InputError, ToolError
from ...generators.spec import family
from ..space.document import Space
from ..space.grid import Grid
from ..tier0.costs import Costs
from ..tier0.table import Table, Trials
from ..workloads.workload import Workload

__all__ = ["search"]

Accuracy = Callable[[Any], float]


def search(
    space: Space,
    workload: Workload,
    costs: Costs,
    accuracy: Accuracy | None,
    method: str,
    told: Callable[[int, int], None],
) -> Table:
    """Return the table of the points that a search looked at.

    Parameters
    ----------
    space
        Its `search` says how many trials there are, and their seed.
    workload, costs, accuracy
        As `tier0.table.evaluate` takes them.
    method
        ``nsga2`` (Deb et al., IEEE TEVC 6(2), 2002) or ``tpe`` (Bergstra et al., NeurIPS 2011), as Optuna has them.
    told
        Is told how many trials are done, and of how many.

    Raises
    ------
    InputError
        Where none of the trials is valid.
    ToolError
        Where Optuna is not installed.
    """
    trials = Trials(
        Grid(family(space.family), space.base, space.values, arrays=False), space, workload, costs, accuracy
    )
    ranked = [name for name in space.objectives if name in trials.names]
    _try(space, method, trials, ranked, told)
    table = trials.table()
    if not table.valid.any():
        count = space.searched.trials
        raise InputError(f"Space {space.name} must hold a valid point, but none of {count} trials was: {trials.why}")
    return table


def _try(space: Space, method: str, trials: Trials, ranked: list[str], told: Callable[[int, int], None]) -> None:
    """Let Optuna propose points and tell it what they are worth."""
    try:
        optuna: Any = import_module("optuna")
    except ImportError:
        raise ToolError("Search by nsga2 and tpe needs Optuna: pip install 'rtloom[dse]'") from None
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    count, seed = space.searched.trials, space.searched.seed
    samplers: dict[str, Any] = {
        "nsga2": lambda: optuna.samplers.NSGAIISampler(seed=seed),
        "tpe": lambda: optuna.samplers.TPESampler(seed=seed, multivariate=True),
    }
    study = optuna.create_study(directions=["minimize"] * len(ranked), sampler=samplers[method]())
    axes = trials.grid.case_axes
    for done in range(count):
        trial = study.ask()
        picked = tuple(values[trial.suggest_int(name, 0, len(values) - 1)] for name, values in axes.items())
        found = trials.judge(picked, ranked)
        if found is None:
            study.tell(trial, state=optuna.trial.TrialState.FAIL)
        else:
            study.tell(trial, found.tolist())
        told(done + 1, count)
