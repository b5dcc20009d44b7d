"""The engine's process: connections, scheduler and jobs."""
