"""Prompt formats: fill-in-the-middle families, chat templates and token healing."""
