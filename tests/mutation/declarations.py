"""Mutants of the checks, which mutmut leaves alone: a check is a declaration, and mutmut changes the bodies of functions.

Its operators are used on whole modules, and one of ours beside them: a lookup that includes its limit excludes it, and the other way
round. What counts is what becomes of the conditions. A mutant whose checks compile to the SQL they had is none; one whose module
cannot be read, or whose conditions cannot be compiled, is found. Of the others the examples of each check that changed must tell:
they are killed when one of them counts or names other rows than it states.
"""

from __future__ import annotations

import sys
from collections import defaultdict
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

import libcst as cst
from django.db import Error, transaction
from libcst.metadata import ByteSpanPositionProvider, CodeSpan, MetadataWrapper
from mutmut.mutation.mutators import mutation_operators

from quality.check import Check, Judged
from quality.checks import CHECKS
from quality.engine import each_side_read_once, offending
from tests.check_examples import EXAMPLES, Example
from tests.quality.test_checks import name_of, store_example

PACKAGE = "quality.checks"
SHARED = "conditions"
THEMES = ("message", "person", "service", "answers", "nutrition")
OPPOSITES = {"lt": "lte", "lte": "lt", "gt": "gte", "gte": "gt"}
# Read by people, or by the page of a finding; no condition.
NO_CONDITIONS = ("title", "explanation", "remedy", "fields", "given_by", "code", "version", "severity", "across")


@dataclass
class Mutant:
    """`changed` are its checks whose SQL is another one, by code."""

    name: str
    changed: dict[str, Check] = field(default_factory=dict)
    killed: bool = False


def opposite_lookup(node: cst.Arg) -> Iterable[cst.Arg]:
    name, _, lookup = node.keyword.value.rpartition("__") if node.keyword else ("", "", "")
    if name and lookup in OPPOSITES:
        yield node.with_changes(keyword=cst.Name(f"{name}__{OPPOSITES[lookup]}"))


class Changes(cst.CSTVisitor):
    """Every node that can be changed: where it is, in bytes, and what it becomes."""

    METADATA_DEPENDENCIES = (ByteSpanPositionProvider,)

    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[CodeSpan, cst.CSTNode]] = []

    def on_visit(self, node: cst.CSTNode) -> bool:
        if isinstance(node, cst.Import | cst.ImportFrom | cst.Annotation | cst.SimpleString | cst.ConcatenatedString):
            return False
        if isinstance(node, cst.Call) and isinstance(node.func, cst.Name) and node.func.value == "_":
            return False
        if isinstance(node, cst.Arg) and node.keyword and node.keyword.value in NO_CONDITIONS:
            return False
        operators = (*mutation_operators, (cst.Arg, opposite_lookup))
        for kind, operator in operators:
            if isinstance(node, kind):
                span = self.get_metadata(ByteSpanPositionProvider, node)
                self.found += [(span, changed) for changed in operator(node)]
        return True


def sources() -> Iterator[tuple[str, str, str]]:
    """Module, number and source of each mutant."""
    for name in (SHARED, *THEMES):
        source = Path(str(import_module(f"{PACKAGE}.{name}").__file__)).read_bytes()
        tree = cst.parse_module(source)
        changes = Changes()
        MetadataWrapper(tree).visit(changes)
        for number, (span, changed) in enumerate(changes.found, 1):
            code = tree.code_for_node(changed).encode()
            mutated = source[: span.start] + code + source[span.start + span.length :]
            yield name, str(number), mutated.decode()


@contextmanager
def modules_put_back() -> Iterator[None]:
    before = {name: module for name, module in sys.modules.items() if name.startswith(PACKAGE)}
    try:
        yield
    finally:
        sys.modules.update(before)


def read(name: str, source: str) -> ModuleType:
    module = ModuleType(f"{PACKAGE}.{name}")
    sys.modules[module.__name__] = module
    exec(compile(source, module.__name__, "exec"), module.__dict__)
    return module


def checks_of(name: str, source: str) -> list[Check]:
    """The checks that a mutant of the module declares. One of what they share is read by all themes."""
    with modules_put_back():
        modules = [read(name, source)]
        if name == SHARED:
            modules = [
                read(theme, Path(str(sys.modules[f"{PACKAGE}.{theme}"].__file__)).read_text()) for theme in THEMES
            ]
        return [check for module in modules for check in module.CHECKS]


def sql(check: Check) -> tuple[str, str]:
    one = Judged(1)
    applicable = check.model._default_manager.filter(check.applicable(one))
    return str(applicable.query), str(offending(check, one).query)


def mutants() -> Iterator[Mutant]:
    """Those that change a condition."""
    as_declared = {check.code: sql(check) for check in CHECKS}
    for name, number, source in sources():
        mutant = Mutant(f"{PACKAGE}.{name} {number}")
        try:
            declared = checks_of(name, source)
            mutant.changed = {check.code: check for check in declared if sql(check) != as_declared[check.code]}
        except Exception:  # whatever a mutant raises, the portal would not start
            mutant.killed = True
        if mutant.changed or mutant.killed:
            yield mutant


def judged(check: Check, submission: Any) -> tuple[int, list[str]]:
    """How many rows it applies to, and the names of those that offend."""
    own = Judged(submission.pk)
    with each_side_read_once():
        applicable = check.model._default_manager.filter(check.applicable(own), **own.filter(path_of(check))).count()
        return applicable, sorted(name_of(check, row.pk) for row in offending(check, own))


def path_of(check: Check) -> str:
    from quality.engine import path

    return path(check.model)


def tell(example: Example, concerned: list[Mutant], code: str) -> None:
    """Kill those that count or name other rows than the example states."""
    with transaction.atomic():
        submission = store_example(example)
        stated = (example.applicable, sorted(example.offending))
        for mutant in concerned:
            try:
                with transaction.atomic():
                    mutant.killed = mutant.killed or judged(mutant.changed[code], submission) != stated
            except Error:
                mutant.killed = True
        transaction.set_rollback(True)


def try_all() -> list[Mutant]:
    tried = list(mutants())
    concerned: dict[str, list[Mutant]] = defaultdict(list)
    for mutant in tried:
        for code in mutant.changed:
            concerned[code].append(mutant)
    for code, found in concerned.items():
        for example in EXAMPLES.get(code, ()):
            tell(example, [mutant for mutant in found if not mutant.killed], code)
    return tried
