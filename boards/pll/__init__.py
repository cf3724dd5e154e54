"""Clocks: settings of each family's PLL, and its instance."""
