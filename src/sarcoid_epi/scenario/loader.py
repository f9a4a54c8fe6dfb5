"""Read worlds, designs and beliefs from TOML: one path syntax, every problem reported at once.

A file holds sections and parameters. A parameter is a table that says its basis

    women = { value = 0.636, cited = "access2001.women" }
    women = { derived = "share_from_ratio", from = ["kucharz2020.sex_ratio_female_to_male"] }
    women = { value = 0.55, assumed = "between the cohorts", low = 0.44, high = 0.68 }

or a bare number in a section whose key `assumed` gives the reason for all of them. `extends = "mechanism"` takes every
parameter of another file of the same kind first; a file it names is looked for beside the file that names it. A
derived parameter is computed last, from what then stands.

How far a value may move in a draw (`uncertainty`) follows from its basis. `spread = "uniform"` spreads it evenly over
its range, `spread = "none"` holds it, `several = ["a.x", "b.x", "c.x"]` beside `cited` draws it as a further series.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any, TypeVar, get_args

from pydantic import ValidationError

from sarcoid_epi.errors import ConfigurationError, Problem, unknown
from sarcoid_epi.evidence import load_registry
from sarcoid_epi.scenario.based import SPEC_KEYS, Spec, with_basis
from sarcoid_epi.scenario.belief import Belief
from sarcoid_epi.scenario.design import Design
from sarcoid_epi.scenario.figures import printed
from sarcoid_epi.scenario.parameter import Parameter, Section
from sarcoid_epi.scenario.prior import Prior
from sarcoid_epi.scenario.world import World

HEADER_KEYS = frozenset({"name", "label", "about", "extends"})

#: A scenario's name becomes part of run names and addresses in a report.
_NAME = re.compile(r"[\w.-]+")

#: A number with a decimal comma, which TOML does not know.
_COMMA = re.compile(r"=\s*(-?\d+),(\d+)\b")

KINDS: dict[str, type[Section]] = {"world": World, "design": Design, "belief": Belief, "prior": Prior}

S = TypeVar("S", bound=Section)


def load_world(name: str, vary: Mapping[str, float] | None = None) -> World:
    """The world of a shipped name or of a TOML file; `vary` replaces values by path, as assumptions."""
    return _load(World, "world", name, vary or {})


def load_design(name: str, vary: Mapping[str, float] | None = None) -> Design:
    """The design of a shipped name or of a TOML file; `vary` replaces values by path, as assumptions."""
    return _load(Design, "design", name, vary or {})


def load_belief(name: str, vary: Mapping[str, float] | None = None) -> Belief:
    """The belief of a shipped name or of a TOML file; `vary` replaces values by path, as assumptions."""
    return _load(Belief, "belief", name, vary or {})


def load_prior(name: str, vary: Mapping[str, float] | None = None) -> Prior:
    """The priors of a joint synthesis, of a shipped name or of a TOML file; `vary` as above."""
    return _load(Prior, "prior", name, vary or {})


@cache
def shipped(kind: str) -> tuple[str, ...]:
    """Names of the worlds, designs, beliefs or priors that ship (those that only serve as a base are left out)."""
    folder = _folder(kind)
    files_there = folder.iterdir() if folder.is_dir() else ()
    names = (item.name.removesuffix(".toml") for item in files_there if item.name.endswith(".toml"))
    return tuple(sorted(name for name in names if "label" in read_toml(kind, name)[0]))


def paths(model: type[Section], prefix: str = "") -> dict[str, bool]:
    """Every path of a model; true where it leads to a parameter, false where it is text."""
    found: dict[str, bool] = {}
    for name, field in model.model_fields.items():
        section = _section(field.annotation)
        if section:
            found |= paths(section, f"{prefix}{name}.")
        else:
            found[f"{prefix}{name}"] = field.annotation is Parameter
    return found


def _section(annotation: Any) -> type[Section] | None:
    """The section a field holds, whether it must be there or may be left out."""
    kinds = (annotation, *get_args(annotation))
    return next((kind for kind in kinds if isinstance(kind, type) and issubclass(kind, Section)), None)


def _left_out(model: type[Section], given: Mapping[str, Spec]) -> tuple[str, ...]:
    """Beginnings of the paths of those sections that may be left out and of which nothing is given."""
    optional = (f"{name}." for name, field in model.model_fields.items() if not field.is_required())
    return tuple(prefix for prefix in optional if not any(path.startswith(prefix) for path in given))


def _folder(kind: str) -> Traversable:
    return files("sarcoid_epi.scenario").joinpath("studies" if kind == "study" else f"{kind}s")


def read_toml(kind: str, name: str) -> tuple[dict[str, Any], str]:
    """A shipped or a user's own file of a kind: parsed, and the name to call it by in messages."""
    own = name.endswith(".toml")
    if not own and not _NAME.fullmatch(name):
        raise ConfigurationError(unknown(kind, name, shipped(kind)))
    place: Traversable = Path(name) if own else _folder(kind).joinpath(f"{name}.toml")
    shown = name if own else f"{kind} '{name}'"
    try:
        if not place.is_file():
            if own:
                raise ConfigurationError(Problem(f"there is no file '{name}'", do=f"give a {kind} name or a TOML file"))
            other = next((one for one in KINDS if one != kind and _folder(one).joinpath(f"{name}.toml").is_file()), "")
            if other:
                raise ConfigurationError(_of_another_kind(name, other, kind))
            raise ConfigurationError(unknown(kind, name, shipped(kind)))
        text = place.read_text(encoding="utf-8-sig")
        return tomllib.loads(text), shown
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        comma = _COMMA.search(text) if isinstance(error, tomllib.TOMLDecodeError) else None
        mend = f"write {comma[1]}.{comma[2]}, with a point" if comma else "mend the line it names"
        raise ConfigurationError(Problem("not valid TOML", shown, str(error), mend)) from None
    except OSError as error:
        raise ConfigurationError(Problem("cannot be read", shown, (error.strerror or "").lower())) from None


def _of_another_kind(name: str, other: str, kind: str) -> Problem:
    return Problem(f"'{name}' is a {other}, not a {kind}", do=f"name one of {', '.join(shipped(kind))}, or a TOML file")


def _demand_kind(kind: str, name: str) -> None:
    """Refuse a file of the user's whose sections are all those of another kind, and not of this one."""
    sections = read_toml(kind, name)[0].keys() - HEADER_KEYS - {"assumed"}
    if name.endswith(".toml") and sections and not sections <= KINDS[kind].model_fields.keys():
        for other, model in KINDS.items():
            if sections <= model.model_fields.keys():
                raise ConfigurationError(_of_another_kind(name, other, kind))


def _load(model: type[S], kind: str, name: str, vary: Mapping[str, float]) -> S:
    found = _read(kind, name, vary) if vary or name.endswith(".toml") else _read_once(kind, name)
    assert isinstance(found, model)
    return found


@cache
def _read_once(kind: str, name: str) -> Section:
    """What ships does not change, and sections are frozen; a file of the user's is read anew each time."""
    return _read(kind, name, {})


def _read(kind: str, name: str, vary: Mapping[str, float]) -> Section:
    model = KINDS[kind]
    load_registry()  # a broken registry is one complaint, not one for each citation
    _demand_kind(kind, name)
    known = paths(model)
    problems: list[Problem] = []
    header, specs = _specs(model, kind, name, problems)
    for path, value in vary.items():
        if known.get(path):
            specs[path] = {"value": value, "assumed": "varied by the user", "_at": "--vary"}
        else:
            problems.append(unknown("parameter", path, (p for p, number in known.items() if number), "--vary"))
    parameters = {path for path, number in known.items() if number}
    if not parameters & specs.keys():
        extend = f"extend a shipped {kind}: {', '.join(shipped(kind))}"
        problems.append(Problem(f"holds no parameter of a {kind}", name, do=extend))
        raise ConfigurationError(*problems)
    if "label" not in header and not name.endswith(".toml"):
        raise ConfigurationError(unknown(kind, name, shipped(kind)))  # a file that only serves as a base
    problems += [
        Problem(f"'{path}' is missing", f"{kind} '{name}'", do=f"add it, or extend a {kind} that has it")
        for path in known
        if path in parameters - specs.keys() and not path.startswith(_left_out(model, specs))
    ]
    own = name.endswith(".toml")
    called, shown = (Path(name).stem, name) if own else (name, f"{kind} '{name}'")
    text = {"about": "any"} if "about" in known else {}
    tree: dict[str, Any] = {"name": called, "label": header.get("name", called), **text} | header
    for path, parameter in _resolve(specs, known, problems).items():
        *sections, last = path.split(".")
        node = tree
        for section in sections:
            node = node.setdefault(section, {})
        node[last] = parameter
    loaded = None
    try:
        loaded = model.model_validate(tree)
    except ValidationError as error:
        told = [e for e in error.errors() if e["type"] != "missing"]  # what is missing is told already
        problems += [_translate(e, specs, shown) for e in told]
    if problems or loaded is None:
        raise ConfigurationError(*problems)
    return loaded


def _translate(error: Any, specs: Mapping[str, Spec], shown: str) -> Problem:
    """A validator's complaint as a problem: the path, the file it came from, the sentence of the kind.

    What contradicts something else has no path of its own; it came from the file as a whole.
    """
    path = ".".join(str(part) for part in error["loc"])
    sentence = str(error["msg"]).removeprefix("Value error, ")
    said = f"{path}: {sentence}" if path else sentence
    return Problem(said, specs.get(path, {}).get("_at", shown), do="correct the value")


def _specs(
    model: type[Section], kind: str, name: str, problems: list[Problem], above: tuple[str, ...] = ()
) -> tuple[dict[str, Any], dict[str, Spec]]:
    """Header and raw parameter specifications of a file and of what it extends, by path."""
    tree, shown = read_toml(kind, name)
    header = {key: tree.pop(key) for key in HEADER_KEYS & tree.keys()}
    specs: dict[str, Spec] = {}
    base = header.pop("extends", "")
    for key, text in {"extends": base, **header}.items():
        if not isinstance(text, str):
            raise ConfigurationError(Problem(f"'{key}' is not text", shown, do="write it in quotes"))
    if not _NAME.fullmatch(header.get("name", "_")):
        problems.append(Problem(f"the name '{header['name']}' is not one word", shown, do="say the rest in 'label'"))
    if base:
        base = str(Path(name).parent / base) if name.endswith(".toml") and base.endswith(".toml") else base
        if base in (*above, name):
            raise ConfigurationError(Problem(f"{' -> '.join([*above, name, base])} goes in a circle", shown))
        specs = _specs(model, kind, base, problems, (*above, name))[1]
    return header, specs | _walk(model, tree, "", "", shown, problems)


def _walk(
    model: type[Section], tree: Mapping[str, Any], prefix: str, reason: str, shown: str, problems: list[Problem]
) -> dict[str, Spec]:
    reason = tree.get("assumed", reason)
    specs: dict[str, Spec] = {}
    for key, item in tree.items():
        path = f"{prefix}{key}"
        if key == "assumed":
            continue
        if key not in model.model_fields:
            names = [f"{prefix}{field}" for field in model.model_fields]
            problems.append(unknown("key", path, names, shown))
            continue
        section = _section(model.model_fields[key].annotation)
        if section:
            if isinstance(item, dict):
                specs |= _walk(section, item, f"{path}.", reason, shown, problems)
            else:
                problems.append(Problem(f"'{path}' is a section, not a value", shown, do=f"write [{path}]"))
            continue
        spec = item if isinstance(item, dict) else {"value": item, "assumed": reason}
        strange = sorted(spec.keys() - SPEC_KEYS)
        problems += [unknown("key", f"{path}.{name}", (f"{path}.{k}" for k in SPEC_KEYS), shown) for name in strange]
        specs[path] = {**spec, "_at": shown}
    return specs


def _resolve(
    specs: Mapping[str, Spec], known: Mapping[str, bool], problems: list[Problem]
) -> dict[str, dict[str, Any]]:
    """Value and basis of every parameter; derived ones follow their inputs, to any depth."""
    done: dict[str, dict[str, Any]] = {}
    failed: set[str] = set()

    def argument(name: str | float, asked_by: tuple[str, ...]) -> float:
        if not isinstance(name, str):
            return float(name)
        if name not in specs:
            if known.get(name):
                raise ConfigurationError()  # its absence is a problem of its own
            return printed(name)
        if name in asked_by:
            raise ConfigurationError(Problem(f"{' -> '.join([*asked_by, name])} derive from each other"))
        parameter = one(name, asked_by)
        if parameter is None:
            raise ConfigurationError()
        return float(parameter["value"])

    def one(path: str, asked_by: tuple[str, ...]) -> dict[str, Any] | None:
        if path not in done and path not in failed:
            spec = specs[path]
            try:
                done[path] = with_basis(spec, lambda name: argument(name, (*asked_by, path)))
            except ConfigurationError as error:
                failed.add(path)
                for problem in error.problems:
                    where = problem.where or spec["_at"]
                    what = f"{path}: {problem.what}" if problem.where != spec["_at"] else problem.what
                    problems.append(Problem(what, where, problem.why, problem.do))
        return done.get(path)

    for path in specs:
        one(path, ())
    return done
