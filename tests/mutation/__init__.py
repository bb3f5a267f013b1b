"""How many deliberate faults the tests find, by group of the code. `make mutation`; CONTRIBUTING.md tells how it is read."""
