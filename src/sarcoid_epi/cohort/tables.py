"""Arrays of the generator as the two tables of a cohort, with the vocabulary's types."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from sarcoid_epi.cohort.node import Columns
from sarcoid_epi.vocabulary import PATIENT, TRUTH, Variable


def patient_frame(columns: Columns) -> pd.DataFrame:
    """What a study sees, in the order of the vocabulary."""
    return pd.DataFrame({variable.name: _typed(variable, columns[variable.name]) for variable in PATIENT})


def truth_frame(columns: Columns) -> pd.DataFrame:
    """What is true, in the order of the vocabulary."""
    return pd.DataFrame({variable.name: _typed(variable, columns[variable.name]) for variable in TRUTH})


def _typed(variable: Variable, column: Any) -> Any:
    if variable.kind == "category":
        levels = variable.levels or [f"centre {number + 1}" for number in range(int(column.max()) + 1)]
        return pd.Categorical.from_codes(column, categories=list(levels))
    if variable.kind == "flag" and column.dtype != bool:
        return pd.arrays.BooleanArray(column == 1, column < 0)
    if variable.kind == "date":
        return column.astype("datetime64[s]")
    if variable.name == "patient_id":
        return column + 1
    if variable.kind == "number" and variable.latent:
        # Latent quantities have no clinical resolution; three decimals keep tables small and equal on all machines.
        return np.round(column, 3) + 0.0
    return column
