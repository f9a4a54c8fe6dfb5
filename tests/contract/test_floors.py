"""Imports run downhill only: a room may import rooms on floors below it."""

import ast
from pathlib import Path

import pytest

import sarcoid_epi

SOURCE = Path(sarcoid_epi.__file__).parent

FLOORS = {
    "cli": 10,
    "cli_study": 9,
    "documenting": 9,
    "explaining": 9,
    "printing": 9,
    "options": 8,
    "verifying": 9,
    "api": 8,
    "studying": 8,
    "watching": 8,
    "comparing": 7,
    "composing": 7,
    "undetected": 7,
    "studies": 7,
    "questions": 6,
    "gathering": 6,
    "agreement": 6,
    "simulation": 6,
    "estimators": 5,
    "cohort": 4,
    "estimands": 4,
    "scenario": 3,
    "report": 3,
    "evidence": 2,
    "patients": 2,
    "strata": 2,
    "results": 2,
    "vocabulary": 1,
    "files": 1,
    "stats": 1,
    "streams": 1,
    "errors": 0,
    "measures": 0,
    "threads": 0,
}

#: Rooms of equal or lower floor that must not know of each other all the same.
STRANGERS = {
    "agreement": {"estimators", "report", "strata", "patients", "simulation"},
    "cohort": {"estimands", "report", "strata", "estimators", "stats"},
    "estimands": {"cohort", "scenario", "report", "evidence", "strata", "patients"},
    "evidence": {"stats", "files"},
    "report": {"scenario", "strata", "patients", "stats"},
    "scenario": {"results", "strata", "patients"},
    "estimators": {"cohort", "report", "evidence", "patients"},
}

MODULES = sorted(path for path in SOURCE.rglob("*.py") if path != SOURCE / "__init__.py")


def room(path: Path) -> str:
    return path.relative_to(SOURCE).parts[0].removesuffix(".py")


def imported_rooms(path: Path) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module:
            full = [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
        elif isinstance(node, ast.Import):
            full = [alias.name for alias in node.names]
        else:
            continue
        parts = [name.split(".") for name in full if name.startswith("sarcoid_epi.")]
        names |= {part[1] for part in parts if part[1] in FLOORS}
    return names - {room(path)}


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(SOURCE)))
def test_a_room_imports_only_rooms_below_it(path):
    assert room(path) in FLOORS, f"{room(path)} has no floor"
    for other in imported_rooms(path):
        assert FLOORS[other] < FLOORS[room(path)], f"{room(path)} imports {other}, which is not below it"
        assert other not in STRANGERS.get(room(path), set()), f"{room(path)} must not know {other}"


def test_the_walk_sees_imports_inside_functions():
    assert "composing" in imported_rooms(SOURCE / "api" / "answers.py")


def test_the_project_names_nothing_outside_itself():
    """No word of the founders' desk, no machine path, no package index in any source, script or document."""
    root = Path(__file__).parents[2]
    forbidden = ("../" + "shared", "/work" + "/", "/root" + "/", "index" + "-url", "pypi" + ".org")
    files = [*SOURCE.rglob("*.py"), *SOURCE.rglob("*.toml"), *root.glob("*.md"), *root.glob("docs/*.md")]
    files += [*root.glob("analyses/*.py"), *root.glob("requirements/*"), root / "Makefile", root / ".ci" / "run"]
    assert len(files) > 100
    for file in files:
        text = file.read_text(encoding="utf-8")
        assert not [word for word in forbidden if word in text], file


def test_no_modules_import_each_other_in_a_circle():
    """Modules, not only rooms: each can be read after those it imports."""
    names = {f"sarcoid_epi.{'.'.join(p.relative_to(SOURCE).with_suffix('').parts)}": p for p in MODULES}
    names = {name.removesuffix(".__init__"): path for name, path in names.items()}
    waiting = {name: imported_modules(path, set(names)) - {name} for name, path in names.items()}
    while free := {name for name, needs in waiting.items() if not needs & waiting.keys()}:
        waiting = {name: needs for name, needs in waiting.items() if name not in free}
    assert not waiting, f"these go in a circle: {sorted(waiting)}"


def imported_modules(path: Path, known: set[str]) -> set[str]:
    """Modules a file takes names from; a name taken from a package comes from the package's own list of names."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module:
            inner = {f"{node.module}.{alias.name}" for alias in node.names} & known
            found |= inner or ({node.module} & known)
    return found
