"""Which model suits this machine."""
