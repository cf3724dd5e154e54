"""The explorer: tier 0 proposes, synthesis and simulation decide, and only what both have seen is on the front."""
