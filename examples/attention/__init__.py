"""A transformer's encoder layer in integers on generated hardware: attention engine, systolic arrays, vector units."""
