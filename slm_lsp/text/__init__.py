"""Text as immutable values: documents, lines, edits and boundaries."""
