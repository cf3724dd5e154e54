"""From a specification to a bitstream: synthesis, place and route, clock, pack, and what they say."""
