"""The header of a GGUF file, read within bounds."""
