"""The Language Server Protocol: the only code that imports pygls and lsprotocol."""
