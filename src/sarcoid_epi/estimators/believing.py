"""What is believed, as draws: each parameter of a belief or a prior at given places of its distribution."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from sarcoid_epi.scenario import Parameter
from sarcoid_epi.scenario.distribution import distribution
from sarcoid_epi.stats.interval import Array


def drawn(parameters: Mapping[str, Parameter], places: Array) -> dict[str, Array]:
    """Every parameter at places (P, D) in (0, 1), one column for each parameter in order; a sure one stays."""
    found: dict[str, Array] = {}
    for column, (path, parameter) in zip(places.T, parameters.items(), strict=True):
        spread = distribution(parameter)
        found[path] = np.full(column.shape, parameter.value) if spread is None else spread.quantiles(column)
    return found
