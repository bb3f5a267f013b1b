"""The share of deliberate faults that the tests find, in the code where a fault costs most.

mutmut changes one thing at a time in the functions of access, receive and suppression, and runs the tests that come by; the
declarations of the checks are changed by tests/mutation/declarations.py. A mutant that no test comes by has survived; one that hangs is
found. Some mutants are the same as what they change, and survive with right: all of a group cannot be asked for.

All of them take hours on two cores. `--digits 05` tries those whose number ends in 0 or 5, a fifth of them.

    make mutation
    make mutation DIGITS=05
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from pathlib import Path

LEAST = 0.85
GROUPS = {
    "access": ("municipalities.access.",),
    "receive": ("submissions.receive.",),
    "checks": ("quality.check.", "quality.checks."),
    "suppression": ("publications.suppression.",),
}
REPORT = Path("var", "mutants-of-declarations.json").resolve()
FOUND = ("killed", "timeout", "suspicious", "caught by type check", "segfault")


def run(*command: str, **environment: str) -> str:
    """Raises:
    SystemExit: the tests do not pass as they are, so they tell nothing.
    """
    ended = subprocess.run(
        [sys.executable, "-m", *command], env=os.environ | environment, stdout=subprocess.PIPE, text=True
    )
    if ended.returncode:
        sys.exit(f"{' '.join(command)} ended with {ended.returncode}:\n{ended.stdout[-5000:]}")
    return ended.stdout


def of_functions(digits: str) -> dict[str, bool]:
    """Whether each mutant of mutmut's that was tried was found."""
    modules = [prefix for prefixes in GROUPS.values() for prefix in prefixes]
    last = f"[{digits}]" if digits else ""
    run("mutmut", "run", "--max-children", "1", *(f"{module}*{last}" for module in modules))
    lines = (line.strip().rpartition(": ") for line in run("mutmut", "results", "--all", "true").splitlines())
    return {name: result in FOUND for name, _, result in lines if name and result != "not checked"}


def of_declarations() -> dict[str, bool]:
    REPORT.parent.mkdir(exist_ok=True)
    run("pytest", "tests/mutation/mutants_of_checks.py", "--reuse-db", KPR_MUTATION_REPORT=str(REPORT))
    return dict(json.loads(REPORT.read_text()))


def main() -> None:
    reader = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    reader.add_argument(
        "--digits", default="", help="last digits of the numbers of the mutants that are tried; all without"
    )
    found = of_functions(reader.parse_args().digits) | of_declarations()
    low = []
    for group, prefixes in GROUPS.items():
        tried = [killed for name, killed in found.items() if name.startswith(prefixes)]
        share = sum(tried) / len(tried) if tried else 0
        print(f"{group:<12} {sum(tried):>5} of {len(tried):>5} mutants found, {share:.1%}")
        low += [group] if share < LEAST else []
    for name in sorted(name for name, killed in found.items() if not killed):
        print(f"survived: {name}")
    if low:
        sys.exit(f"Below {LEAST:.0%}: {', '.join(low)}.")


if __name__ == "__main__":
    main()
