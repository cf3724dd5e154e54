"""Verification: golden models, the one bench, stimulus and stream rules."""
