"""What is written in a field, in the vocabulary's types; a value that is there but not understood is told apart."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date
from typing import Any

import numpy as np
import pandas as pd

from sarcoid_epi.vocabulary import Variable

#: Ways to write that nothing is known.
MISSING = frozenset({"", "na", "n/a", "nan", "null", "none", "."})
TRUE = frozenset({"1", "true", "yes", "t", "y", "1.0"})
FALSE = frozenset({"0", "false", "no", "f", "n", "0.0"})
#: A date before or after these is a code for something else, as 9999-12-31 is.
FIRST_YEAR, LAST_YEAR = 1850, 2150

_NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?", re.ASCII | re.IGNORECASE)
_DATE = re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2})(?:[ T]00:00(?::00(?:\.0+)?)?)?", re.ASCII)
_COUNTED = re.compile(r"0|[1-9]\d{0,17}", re.ASCII)


def cast(variable: Variable, values: pd.Series, decimal: str) -> tuple[Any, np.ndarray]:
    """Values in the variable's type, and which of them could not be understood."""
    if variable.kind in ("integer", "number", "flag") and _is_numeric(values):
        return _numbers(variable, values.astype("Float64").to_numpy(dtype=float, na_value=np.nan))
    if variable.kind == "flag" and pd.api.types.is_bool_dtype(values):
        return values.astype("boolean").array, np.zeros(len(values), dtype=bool)
    if variable.kind == "date" and pd.api.types.is_datetime64_any_dtype(values):
        return _dates(values)
    if variable.kind == "identifier" and pd.api.types.is_integer_dtype(values) and not values.isna().any():
        return values.astype(np.int64).array, np.zeros(len(values), dtype=bool)
    # Text is understood once for each different value, not once for each patient.
    codes, different = pd.factorize(values.map(str) if _is_nested(values) else values)
    texts = [_plain(value) for value in different]
    # A level may be called as what is missing often is: no joint disease is "none".
    missing = MISSING - {level.lower() for level in variable.levels}
    known = np.array([text.lower() not in missing for text in texts] + [False], dtype=bool)
    meanings = [_meaning(variable, text, decimal) if there else None for text, there in zip(texts, known, strict=False)]
    wrong = known & np.array([meaning is None for meaning in meanings] + [True], dtype=bool)
    return _typed(variable, meanings, codes), (~known if variable.kind == "identifier" else wrong)[codes]


def _is_numeric(values: pd.Series) -> bool:
    return pd.api.types.is_numeric_dtype(values) and not pd.api.types.is_bool_dtype(values)


def _is_nested(values: pd.Series) -> bool:
    return values.dtype == object and not all(hasattr(value, "__hash__") and value.__hash__ for value in values)


def _numbers(variable: Variable, numbers: np.ndarray) -> tuple[Any, np.ndarray]:
    """Numbers that came as numbers."""
    missing = np.isnan(numbers)
    if variable.kind == "flag":
        wrong = ~missing & ~np.isin(numbers, (0, 1))
        return pd.arrays.BooleanArray(numbers == 1, missing | wrong), wrong
    wrong = np.isinf(numbers)
    if variable.kind == "integer":
        wrong |= ~missing & (numbers != np.floor(numbers))
    return np.where(wrong, np.nan, numbers), wrong


def _dates(values: pd.Series) -> tuple[Any, np.ndarray]:
    """Dates that came as dates; the time of day is no part of them."""
    days = values.dt.tz_localize(None).dt.normalize().astype("datetime64[s]")
    wrong = (days.notna() & ~days.dt.year.between(FIRST_YEAR, LAST_YEAR)).to_numpy(dtype=bool)
    return days.mask(wrong).array, wrong


def _plain(value: Any) -> str:
    """A value as its owner would write it: a whole number stored with a fraction of zero is a whole number."""
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value).strip()


def _meaning(variable: Variable, text: str, decimal: str) -> Any:
    """What a text says about the variable, or None where it says nothing that can be understood."""
    match variable.kind:
        case "identifier":
            return text
        case "category":
            return {level.lower(): level for level in variable.levels}.get(text.lower()) if variable.levels else text
        case "date":
            return _day(text)
    text = text.replace(",", ".").lower() if decimal == "," else text.lower()
    if variable.kind == "flag":
        return True if text in TRUE else False if text in FALSE else None
    number = float(text) if _NUMBER.fullmatch(text) else np.inf
    whole = variable.kind == "number" or number == np.floor(number)
    return number if np.isfinite(number) and whole else None


def _day(text: str) -> np.datetime64 | None:
    parts = _DATE.fullmatch(text)
    if not parts or not FIRST_YEAR <= int(parts[1]) <= LAST_YEAR:
        return None
    try:
        return np.datetime64(date(int(parts[1]), int(parts[2]), int(parts[3])), "s")
    except ValueError:
        return None


def _typed(variable: Variable, meanings: Sequence[Any], codes: np.ndarray) -> Any:
    """A column from the different meanings and which of them each patient has; code -1 is missing."""
    match variable.kind:
        case "identifier":
            if all(meaning is not None and _COUNTED.fullmatch(meaning) for meaning in meanings) and (codes >= 0).all():
                return np.array(meanings, dtype=np.int64)[codes] if meanings else codes
            return np.array([*meanings, None], dtype=object)[codes]
        case "category":
            levels = list(variable.levels) or sorted({m for m in meanings if m is not None}, key=_natural)
            places = {level: place for place, level in enumerate(levels)}
            at = np.array([places.get(meaning, -1) for meaning in meanings] + [-1])
            return pd.Categorical.from_codes(at[codes], categories=pd.Index(levels, dtype=object))
        case "date":
            never = np.datetime64("NaT", "s")
            return np.array([never if meaning is None else meaning for meaning in [*meanings, None]])[codes]
        case "flag":
            true = np.array([meaning is True for meaning in meanings] + [False])
            missing = np.array([meaning is None for meaning in meanings] + [True])
            return pd.arrays.BooleanArray(true[codes], missing[codes])
    return np.array([np.nan if meaning is None else meaning for meaning in meanings] + [np.nan])[codes]


def _natural(level: str) -> tuple[list[tuple[bool, int, str]], str]:
    """Sorts "centre 2" before "centre 10"."""
    parts = re.split(r"([0-9]+)", level)
    return [(not part.isdecimal(), int(part) if part.isdecimal() else 0, part) for part in parts], level
