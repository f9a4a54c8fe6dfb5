"""The arrows of the generator as a file that the analysis reads, because makers and judges never meet."""

from __future__ import annotations

import json
from collections.abc import Iterable

from sarcoid_epi.cohort.node import Node

HEAD = "# What causes what in the generator: each variable, latent ones too, and its causes. Made by docs/make.py.\n"


def arrows(nodes: Iterable[Node]) -> str:
    """Each node with what it is drawn from, the flag that delimits its population among them, as TOML."""
    lines = (f"{node.name} = {json.dumps(_causes(node))}" for node in nodes)
    return HEAD + "\n".join(lines) + "\n"


def _causes(node: Node) -> list[str]:
    """Everybody in a patient table has entered, so that entering delimits nothing there."""
    return [cause for cause in node.needs if cause != "enters"]
