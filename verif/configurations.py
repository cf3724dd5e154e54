"""Run one configuration of the matrix on the generated RTL and check it."""

from ..generators.spec import Spec, family
from ..sim.build import BuildOptions
from .matrix import Configuration
from .simulate import Report, simulate
from .verify import VerifyReport, verify

__all__ = ["bench_configuration", "run_configuration", "spec_of"]

SHORT = BuildOptions(optimise=0)
"""A configuration runs for some hundred cycles: building its simulator takes the time."""


def spec_of(configuration: Configuration) -> Spec:
    """Return the design of a configuration, named after its parameters."""
    params = configuration.parsed()
    return Spec(f"{configuration.family}_{params.digest[:8]}", family(configuration.family), params)


def run_configuration(configuration: Configuration) -> Report:
    """Run the configuration's job natively, with its stalls and without, and compare both with golden.

    Raises
    ------
    CheckError
        Where the result, a flag or the number of cycles is wrong, or the design hangs.
    """
    seed, interface = configuration.seed, configuration.interface
    operation, tensors = configuration.operation()
    spec = spec_of(configuration)
    given = {"interface": interface, "check": True, "options": SHORT, **tensors}
    if configuration.stalls != "none":
        simulate(spec, operation, stalls=configuration.stalls, seed=seed, **given)
    return simulate(spec, operation, **given)[1]


def bench_configuration(configuration: Configuration) -> VerifyReport:
    """Run the whole bench on the configuration's design.

    Raises
    ------
    CheckError
        With the message of the first scenario that failed.
    """
    spec, interface = spec_of(configuration), configuration.interface
    return verify(spec, interface=interface, seed=configuration.seed, options=SHORT).require()
