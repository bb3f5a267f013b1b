"""Measurements, each a program of its own: docs/performance.md has what they gave."""

from argparse import ArgumentParser, RawDescriptionHelpFormatter


def arguments(description: str | None) -> ArgumentParser:
    """A parser that knows `--help`, which tells the module's docstring."""
    return ArgumentParser(description=description, formatter_class=RawDescriptionHelpFormatter)
