"""What an outsider may see of small numbers: cells are hidden so that nothing published gives them away."""
