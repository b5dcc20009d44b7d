"""Where a model's file comes from, and how it is transferred."""
