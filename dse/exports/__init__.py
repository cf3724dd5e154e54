"""Designs and their measured costs in the forms of other estimators: ZigZag and SCALE-Sim."""
