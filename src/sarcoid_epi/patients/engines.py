"""The patient table as statsmodels, lifelines and scipy need it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from sarcoid_epi.errors import DataError, Problem
from sarcoid_epi.vocabulary import PATIENT_BY_NAME


def model_frame(frame: pd.DataFrame) -> pd.DataFrame:
    """The table as the engines need it: flags 0/1 (NaN where missing), text as categories, no unused level.

    A boolean outcome flips the signs of a statsmodels GLM, nullable types and unused levels break others; so the frame
    is cast once, here.
    """
    safe: dict[str, Any] = {}
    for name, values in frame.items():
        variable = PATIENT_BY_NAME.get(str(name))
        if pd.api.types.is_bool_dtype(values) or (variable is not None and variable.kind == "flag"):
            numbers = _zero_one(values, str(name))
            safe[str(name)] = numbers if np.isnan(numbers).any() else numbers.astype(np.int8)
        elif isinstance(values.dtype, pd.CategoricalDtype):
            safe[str(name)] = values.cat.remove_unused_categories()
        elif pd.api.types.is_string_dtype(values) or values.dtype == object:
            safe[str(name)] = values.astype(object).astype("category")
        elif pd.api.types.is_numeric_dtype(values):
            safe[str(name)] = values.astype("Float64").to_numpy(dtype=float, na_value=np.nan)
        else:
            safe[str(name)] = values
    return pd.DataFrame(safe, index=frame.index)


def _zero_one(values: pd.Series, name: str) -> np.ndarray:
    try:
        numbers = values.astype("Float64").to_numpy(dtype=float, na_value=np.nan)
    except (TypeError, ValueError):
        numbers = np.array([np.inf])
    if not np.isin(numbers[~np.isnan(numbers)], (0, 1)).all():
        raise DataError(Problem(f"'{name}' holds more than yes and no", do="read the table with read_patients"))
    return numbers
