"""Golden models against loops, fractions and real numbers."""
