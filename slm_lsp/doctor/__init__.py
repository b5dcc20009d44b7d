"""What works, what does not, and what to do about it: one file for each thing that is looked at."""
