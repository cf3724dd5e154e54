"""The store: one file of results by content, which survives the death of whoever writes it."""
