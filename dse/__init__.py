"""Design-space exploration: workloads, estimators, search and reports."""
