"""Code actions: what the model is asked for, where its answer goes, and what is checked."""
