"""Handlers: one module for the methods of one subject."""
