"""From a cursor in a document to the text offered there; knows no protocol."""
