"""One stimulus, several simulators and netlists: what must agree."""
