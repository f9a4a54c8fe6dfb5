"""The report as a whole: one page, the data behind it, and the manifest; all of it in place or none."""

from __future__ import annotations

from collections.abc import Callable
from importlib.metadata import version
from importlib.resources import files
from pathlib import Path
from typing import Any

from markupsafe import Markup

from sarcoid_epi.files import replaced
from sarcoid_epi.report.content import Content
from sarcoid_epi.report.drawing import Drawing
from sarcoid_epi.report.evidence_tables import conflicts
from sarcoid_epi.report.figures import all_figures
from sarcoid_epi.report.manifest import NAME, listed, manifest
from sarcoid_epi.report.references import references
from sarcoid_epi.report.sentences import Sentences
from sarcoid_epi.report.table import Table
from sarcoid_epi.report.tables import all_tables
from sarcoid_epi.results import to_csv


def build(content: Content, out: Path, progress: Callable[[str], None] | None = None) -> Path:
    """Build a report into a folder.

    Writes `index.html` (one self-contained page), `estimates.csv` and `runs.csv`, `tables/*.csv`, `figures/*.svg` and
    `*.png`, and `manifest.json`. Same content, same bytes. The folder is replaced as a whole at the end: an interrupt
    or a failure leaves the earlier report as it was.

    Parameters
    ----------
    content : Content
        Everything that is printed; nothing is computed here.
    out : Path
        New, empty, or holding an earlier report; files in it that the earlier report did not make are kept.
    progress : callable, optional
        Told the name of each stage as it begins.

    Returns
    -------
    Path
        `index.html`.

    Raises
    ------
    ConfigurationError
        When a sentence asks for an estimate that is not there, a finding or reference does not resolve, or `out` holds
        files but no manifest of an earlier report, or cannot be written.
    """
    tell = progress or (lambda stage: None)
    with replaced(out, listed, "report") as folder:
        tell("tables")
        tables = all_tables(content)
        tell("figures")
        figures = all_figures(content)
        tell("page")
        _write(folder / "index.html", page(content, tables, figures))
        tell("data")
        content.estimates.write(folder)
        for table in tables.values():
            _write(folder / "tables" / f"{table.key}.csv", to_csv(table.data))
        for figure in figures.values():
            _write(folder / "figures" / f"{figure.key}.svg", figure.svg)
            (folder / "figures" / f"{figure.key}.png").write_bytes(figure.png)
        tell("manifest")
        _write(folder / NAME, manifest(folder, content.configuration or {}, content.inputs or {}))
    return out / "index.html"


def page(content: Content, tables: dict[str, Table], figures: dict[str, Drawing]) -> str:
    """The page as HTML text."""
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("sarcoid_epi.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    matter: dict[str, Any] = {
        "content": content,
        "say": Sentences(content),
        "tables": tables,
        "figures": figures,
        "conflicts": conflicts(content),
        "references": references(content),
        "style": Markup((files("sarcoid_epi.report") / "templates" / "style.css").read_text(encoding="utf-8")),
        "version": version("sarcoid-epi"),
    }
    return environment.get_template("report.html.j2").render(matter)


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(exist_ok=True)
    path.write_text(text, encoding="utf-8", newline="\n")
