"""Read what is declared in one flat TOML file: models and studies. Every problem at once."""

from __future__ import annotations

from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from sarcoid_epi.errors import ConfigurationError, Problem, unknown
from sarcoid_epi.scenario.loader import read_toml

D = TypeVar("D", bound=BaseModel)


def load_declared(form: type[D], kind: str, name: str) -> D:
    """What a shipped name or a TOML file of a kind declares.

    Raises
    ------
    ConfigurationError
        When the file is not there or contradicts itself.
    """
    tree, shown = read_toml(kind, name)
    called = Path(name).stem if name.endswith(".toml") else name
    strange = [unknown("key", key, form.model_fields, shown) for key in tree.keys() - form.model_fields.keys()]
    if strange:
        raise ConfigurationError(*strange)
    try:
        return form.model_validate({"name": called, "label": tree.get("name", called), **tree})
    except ValidationError as error:
        raise ConfigurationError(*(_problem(one, shown) for one in error.errors())) from None


def _problem(error: Any, shown: str) -> Problem:
    """A validator's complaint: the key, and the sentence without its first words."""
    key = ".".join(str(part) for part in error["loc"])
    if error["type"] == "missing":
        return Problem(f"'{key}' is missing", shown, do="add it")
    if error["type"] == "tuple_type":
        return Problem(f"{key}: not a list", shown, do=f"write {key} = {_bracketed(error['input'])}, in brackets")
    sentence, _, mend = str(error["msg"]).removeprefix("Value error, ").partition("; ")
    return Problem(f"{key}: {sentence}" if key else sentence, shown, do=mend or "correct the value")


def _bracketed(given: Any) -> str:
    """What was given, as a list of one."""
    return f"[{given}]" if isinstance(given, (int, float)) and not isinstance(given, bool) else '["..."]'
