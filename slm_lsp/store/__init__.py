"""Model files: which exist, where they come from, whether they are intact."""
