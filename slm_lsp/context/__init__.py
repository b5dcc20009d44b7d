"""What the model reads, chosen with tree-sitter: the only code that imports it."""
