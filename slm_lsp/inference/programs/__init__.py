"""Programs that the model store starts, each in a process of its own."""
