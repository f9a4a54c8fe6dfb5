"""`manifest.json`: what a report is made of and what it made, without clock, host or path."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from sarcoid_epi.errors import ConfigurationError, Problem
from sarcoid_epi.files import digest, every_file

NAME = "manifest.json"
MAKER = "sarcoid-epi report"

#: Packages whose version may change a byte.
PACKAGES = (
    "great-tables", "jinja2", "lifelines", "matplotlib", "numpy", "pandas", "pyarrow", "pydantic", "sarcoid-epi",
    "scipy", "statsmodels",
)  # fmt: skip


def manifest(folder: Path, configuration: Mapping[str, str], inputs: Mapping[str, str]) -> str:
    """The manifest of everything in a folder, as JSON with sorted keys.

    Parameters
    ----------
    folder : Path
        Holds the finished outputs.
    configuration : mapping
        Resolved configuration, name to value.
    inputs : mapping
        Name of each input to the SHA-256 of its bytes, in hexadecimal.

    Raises
    ------
    ConfigurationError
        When an input is described by anything but its SHA-256, for a path would differ between machines.
    """
    wrong = [name for name, found in inputs.items() if not re.fullmatch(r"[0-9a-f]{64}", found)]
    if wrong:
        raise ConfigurationError(
            *(Problem(f"the input '{name}' comes without the SHA-256 of its bytes") for name in wrong)
        )
    content = {
        "made_by": MAKER,
        "configuration": dict(configuration),
        "inputs": dict(inputs),
        "outputs": {path: digest(folder / path) for path in every_file(folder)},
        "packages": {name: found for name in PACKAGES if (found := _version(name))},
        "python": f"{sys.version_info.major}.{sys.version_info.minor}",
    }
    return json.dumps(content, indent=2, sort_keys=True, ensure_ascii=False) + "\n"


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return ""


def listed(folder: Path) -> set[str] | None:
    """The outputs that the manifest of an earlier report lists; None where there is no manifest of ours."""
    try:
        content = json.loads((folder / NAME).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    if not isinstance(content, dict) or content.get("made_by") != MAKER:
        return None
    outputs = content.get("outputs")
    return {*outputs, NAME} if isinstance(outputs, dict) else None
