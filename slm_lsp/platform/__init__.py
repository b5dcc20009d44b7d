"""The machine and its operating system: processors, memory, disks, and a sandbox."""
