"""The host's end of the line: the driver that takes arrays to a board and back."""
