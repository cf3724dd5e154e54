"""Area and energy of designs in closed form, calibrated on real syntheses, with their held-out error."""
