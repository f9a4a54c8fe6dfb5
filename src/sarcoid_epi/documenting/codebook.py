"""The codebook: every variable of the vocabulary in words, with its causes."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from inspect import getdoc

from sarcoid_epi.cohort.node import Node
from sarcoid_epi.documenting.graph import Steps, headed, standing
from sarcoid_epi.vocabulary import PATIENT_BY_NAME, TRUTH_BY_NAME, Variable

HEAD = """# Codebook

Made from the vocabulary and the generator by `make docs`; not to be edited by hand.

Every variable has a heading with its name: search for it. The line below it tells what the variable is, and in
brackets its kind, its levels or unit, and the limits outside which `check` complains. **Recorded** variables are
columns of the patient table, of synthetic patients and of your own; a *required* column must be there, though values
may be missing. **Latent** variables stand in the truth of synthetic patients, and no estimator ever sees them.

*Causes* are the direct causes in the generator: what its function reads, beside parameters and chance. A variable that
is *determined* by its causes has no chance of its own. The steps are in causal order, and have the numbers that they
have in the [causal graph](causal_graph.svg) and in its [overview](causal_overview.svg). A variable that is made in
another step than the one it is listed under says so.
"""

WORKING = """## Working variables

What the generator works with and does not keep; neither recorded nor part of the truth.
"""

KINDS = {"identifier": "identifier", "category": "category", "flag": "yes or no", "date": "date"}


def codebook(steps: Steps) -> str:
    """The page as Markdown: a section for each step of the vocabulary, an entry for each variable."""
    nodes = {node.name: node for of_step in steps.values() for node in of_step}
    step_of = {name: step for step, of_step in steps.items() for name in (node.name for node in of_step)}
    variables = TRUTH_BY_NAME | PATIENT_BY_NAME  # a variable of both is told once, as recorded
    parts = [HEAD]
    headings = {step: f"Step {number}: {step}" for number, step in enumerate(steps, 1)}
    for step, heading in (headings | {v.step: v.step for v in variables.values() if v.step not in steps}).items():
        members = [variable for variable in variables.values() if variable.step == step]
        if not members:
            continue
        recorded = [variable for variable in members if not variable.latent]
        latent = [variable for variable in members if variable.latent]
        parts.append(f"## {headed(heading)}\n\n{_counted(len(recorded), len(latent))}\n")
        for variable in (*recorded, *latent):
            made_in = step_of.get(variable.name, step)
            elsewhere = f" Made in the step {made_in}." if made_in != step else ""
            parts.append(_entry(variable, nodes.get(variable.name), elsewhere))
    working = [node for node in nodes.values() if standing(node.name) == "working"]
    if working:
        parts.append(WORKING)
        parts += [f"### `{node.name}`\n\n*Step*: {step_of[node.name]}. {_made(node)}\n" for node in working]
    return "\n".join(parts)


def _counted(recorded: int, latent: int) -> str:
    counts = [f"{count} {kind}" for count, kind in ((recorded, "recorded"), (latent, "latent")) if count]
    return f"{' and '.join(counts)}."


def _entry(variable: Variable, node: Node | None, elsewhere: str) -> str:
    """A variable: its heading, what it is, how it is made, and its note."""
    kept = "Latent" if variable.latent else "Recorded"
    required = ", *required*" if variable.required and not variable.latent else ""
    what = f"**{variable.label}** ({_values(variable)}). {kept}{required}."
    made = _made(node) if node else "Given, not made from causes."
    note = str(getattr(variable, "note", "") or "")
    lines = [what, f"{made}{elsewhere}", *([note] if note else [])]
    return f"### `{variable.name}`\n\n" + "  \n".join(lines) + "\n"


def _values(variable: Variable) -> str:
    """Kind, levels, unit and limits in words."""
    words = [KINDS.get(variable.kind, variable.kind)]
    if variable.kind == "category":
        listed = ", ".join(f"`{level}`" for level in variable.levels)
        words = [f"category: {listed}" if listed else "category: any text"]
    if variable.unit:
        words.append(f"in {variable.unit}")
    limits = _limits(variable.low, variable.high)
    return ", ".join([*words, *([limits] if limits else [])])


def _limits(low: float | None, high: float | None) -> str:
    if low is None:
        return "" if high is None else f"at most {high:g}"
    return f"at least {low:g}" if high is None else f"{low:g} to {high:g}"


def _made(node: Node) -> str:
    """The causes of a variable, and the sentence of its function."""
    links = ", ".join(f"[{name}](#{name})" for name in node.parents)
    if node.stochastic:
        causes = f"*Causes*: {links}." if links else "*Causes*: none, chance alone."
    else:
        causes = f"*Determined by*: {links}." if links else "*Determined by* parameters alone."
    sentence = sentence_of(node)
    return f"{causes} {sentence}" if sentence else causes


def sentence_of(node: Node) -> str:
    """The first line of the function's docstring, or of the function that made it; "" for none.

    A docstring of a class of objects, such as a partial's, is not the function's own.
    """
    function = getattr(node.function, "func", node.function)
    maker = getattr(function, "__qualname__", "").partition(".<locals>")[0]
    outer = getattr(sys.modules.get(getattr(function, "__module__", "") or ""), maker, None)
    found: Sequence[object] = (function, outer)
    told = (getdoc(one) for one in found if hasattr(one, "__code__"))
    return next((text.strip().splitlines()[0] for text in told if text), "")
