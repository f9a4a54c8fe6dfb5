"""Set variables from outside: do(x = value) replaces x in everybody and cuts it from its causes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from sarcoid_epi.cohort.node import Node, variable
from sarcoid_epi.errors import ConfigurationError, Problem, unknown
from sarcoid_epi.vocabulary import PATIENT_BY_NAME, TRUTH_BY_NAME

YES, NO = ("1", "true", "yes"), ("0", "false", "no")


def intervened(nodes: Sequence[Node], do: Mapping[str, str]) -> tuple[Node, ...]:
    """The nodes with those named in `do` giving one value to everybody. Targets are not hit anew: that is the point.

    Raises
    ------
    ConfigurationError
        When a variable is unknown or a value is none of its values; every one is listed.
    """
    problems: list[Problem] = []
    values = {name: _value(name, str(said), nodes, problems) for name, said in do.items()}
    if problems:
        raise ConfigurationError(*problems)
    return tuple(_constant(node, values[node.name]) if node.name in values else node for node in nodes)


def _constant(node: Node, value: np.generic) -> Node:
    # The uniform only lends its length; no other variable sees it.
    return variable(lambda u: np.full(u.shape, value), node.name)


def _value(name: str, text: str, nodes: Sequence[Node], problems: list[Problem]) -> np.generic:
    declared = {**PATIENT_BY_NAME, **TRUTH_BY_NAME}
    made = {node.name for node in nodes}
    can_be_set = [v for v in declared if v in made and declared[v].kind not in ("date", "identifier")]
    if name not in can_be_set:
        problems.append(unknown("variable", name, can_be_set, "--do"))
        return np.float64(0)
    kind, levels = declared[name].kind, declared[name].levels
    if kind == "flag" and text.lower() in YES + NO:
        return np.bool_(text.lower() in YES)
    if kind == "category" and text in levels:
        return np.int8(levels.index(text))
    if kind in ("integer", "number"):
        low, high = declared[name].low, declared[name].high
        try:
            value = np.float64(text) if kind == "number" else np.int16(text)
        except (ValueError, OverflowError):
            value = np.float64(np.nan)
        if np.isfinite(value) and (low is None or value >= low) and (high is None or value <= high):
            return value
    ends = declared[name].low, declared[name].high
    within = f" from {ends[0]:g} to {ends[1]:g}" if kind in ("integer", "number") and None not in ends else ""
    may = {"flag": "1 or 0", "category": f"one of {', '.join(levels)}"}.get(
        kind, f"{'an' if kind[0] == 'i' else 'a'} {kind}{within}"
    )
    problems.append(Problem(f"'{name}' cannot be '{text}'", "--do", do=f"give {may}"))
    return np.float64(0)
