"""Gate-level simulation of synthesised designs: 64 jobs at once, toggles counted, energy from the library's figures."""
