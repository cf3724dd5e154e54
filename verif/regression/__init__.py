"""The long verification: presets and random designs over all cores, resumable, every failure kept."""
