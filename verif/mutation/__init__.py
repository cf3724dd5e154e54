"""Faults put into a design on purpose: how many of them its verification finds."""
