"""Syntax trees and the questions about them: the only code that imports tree-sitter."""
