"""What an exploration found, to look at and to take along: a page, pictures, tables, JSON."""
