"""Arrays of the generator as the two tables of a cohort, with the vocabulary's types."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from sarcoid_epi.cohort.node import Columns
from sarcoid_epi.vocabulary import PATIENT, TRUTH, Variable


def patient_frame(columns: Columns, centres: int, names: Collection[str] | None = None) -> pd.DataFrame:
    """What a study of so many centres sees, in the order of the vocabulary; all of it, or only the columns named."""
    return _frame(PATIENT, columns, names, {"centre": tuple(f"centre_{number}" for number in range(1, centres + 1))})


def truth_frame(columns: Columns, names: Collection[str] | None = None) -> pd.DataFrame:
    """What is true, in the order of the vocabulary; all of it, or only the columns named."""
    return _frame(TRUTH, columns, names, {})


def _frame(
    variables: Sequence[Variable],
    columns: Columns,
    names: Collection[str] | None,
    levels: Mapping[str, tuple[str, ...]],
) -> pd.DataFrame:
    kept = [variable for variable in variables if names is None or variable.name in names]
    return pd.DataFrame({v.name: _typed(v, columns[v.name], levels.get(v.name, v.levels)) for v in kept})


def _typed(variable: Variable, column: Any, levels: tuple[str, ...]) -> Any:
    if variable.kind == "category":
        return pd.Categorical.from_codes(column, categories=pd.Index(levels))
    if variable.kind == "flag" and column.dtype != bool:
        return pd.arrays.BooleanArray(column == 1, column < 0)
    if variable.kind == "integer" and column.dtype.kind == "f":
        return pd.arrays.IntegerArray(np.nan_to_num(column).astype(np.int16), np.isnan(column))
    if variable.kind == "date":
        return column.astype("datetime64[s]")
    if variable.name == "patient_id":
        return column + 1
    if variable.kind == "number" and variable.latent:
        # Latent quantities have no clinical resolution; three decimals keep tables small and equal on all machines.
        return np.round(column, 3) + 0.0
    return column
