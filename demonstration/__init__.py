"""The demonstration nation: synthetic messages with known faults. docs/demonstration.md says what is in it."""
