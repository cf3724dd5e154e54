"""The sparse chain: N:M sparse times dense at full multiplier utilisation, and the dense chain as its baseline."""
