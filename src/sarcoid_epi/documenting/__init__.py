"""Documents made from the generator and the vocabulary: the causal graph drawn, its overview, the codebook."""

from sarcoid_epi.cohort.steps import STEPS
from sarcoid_epi.documenting.arrows import arrows
from sarcoid_epi.documenting.causal_graph import causal_graph
from sarcoid_epi.documenting.codebook import codebook
from sarcoid_epi.documenting.graph import graph
from sarcoid_epi.documenting.overview import causal_overview

__all__ = ["arrows", "causal_graph", "causal_overview", "codebook", "documents", "graph"]


def documents() -> dict[str, str]:
    """The files of `docs` that are made, by name."""
    drawn = graph(STEPS)
    return {
        "causal_graph.svg": causal_graph(drawn),
        "causal_overview.svg": causal_overview(drawn),
        "codebook.md": codebook(STEPS),
    }
