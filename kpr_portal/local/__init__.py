"""The portal on one machine: its processes, and servers that come with it."""
