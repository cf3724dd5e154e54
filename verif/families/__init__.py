"""What verification knows of each family: its jobs, the axes of its matrix, its random parameters."""
