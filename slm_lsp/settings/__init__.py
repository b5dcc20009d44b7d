"""The settings: what there is, where values come from, and what an administrator fixes."""
