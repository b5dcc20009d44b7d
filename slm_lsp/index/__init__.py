"""The files of a workspace, and what they define."""
