"""Training data: from source files to rows of tokens."""
