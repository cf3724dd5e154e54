"""Run one configuration of the matrix on the generated RTL and check it."""

from ..generators.spec import Spec, family
from .matrix import Configuration
from .simulate import Report, simulate
from .verify import VerifyReport, verify

__all__ = ["bench_configuration", "run_configuration", "spec_of"]


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
    if configuration.stalls != "none":
        simulate(spec, operation, stalls=configuration.stalls, seed=seed, interface=interface, check=True, **tensors)
    return simulate(spec, operation, interface=interface, check=True, **tensors)[1]


def bench_configuration(configuration: Configuration) -> VerifyReport:
    """Run the whole bench on the configuration's design.

    Raises
    ------
    CheckError
        With the message of the first scenario that failed.
    """
    return verify(spec_of(configuration), interface=configuration.interface, seed=configuration.seed).require()
