"""Tests of workloads and of design-space exploration."""
