"""The digits networks with weights of few bits, on the generated LUT tile."""
