"""The client of the engine: it starts, reaches and restarts the process."""
