"""Sections of a report's own: sheets become tables, charts become figures, and both stand on the page."""

from dataclasses import replace

from sarcoid_epi.report import build
from sarcoid_epi.report.content import Chart, Content, Field, Line, Mark, Section, Sheet
from sarcoid_epi.report.sheets import sheet_table
from sarcoid_epi.results import Estimates

NAN = float("nan")
SHEET = Sheet(
    "figures",
    "Figures",
    Field("what", "What"),
    (
        Field("value", "Value", "unit"),
        Field("target", "Target", "path"),
        Field("inside", "Inside", "yes"),
        Field("hidden", ""),
    ),
    (
        {"what": "a < b", "value": 0.123, "unit": "share", "target": "osseous.evident", "inside": True, "hidden": 1.0},
        {"what": "years", "value": -2.5, "unit": "years", "target": "", "inside": False, "hidden": NAN},
    ),
)
CHART = Chart("dots", "Dots", "How to read them.", "Share (%)", (Line("one", "id", (Mark("a", 0.1, 0.05, 0.2),)),))
CONTENT = Content(
    "Title",
    "Question?",
    "data",
    Estimates((), ()),
    sections=(Section("first", "The first", ("What it says.",), (SHEET,), (CHART,)),),
    methods=("wilson1927",),
    configuration={"command": "agreement"},
)


def test_a_sheet_shows_units_and_keeps_headless_columns_to_the_file():
    table = sheet_table(SHEET)
    assert [column.header for column in table.columns] == ["Value", "Target", "Inside"]
    assert table.rows[0].cells[0] == "12.3\u00a0%"
    assert table.rows[1].cells[0] == "−2.5"
    assert list(table.data.columns) == ["what", "value", "target", "inside", "hidden"]


def test_sections_stand_on_the_page_in_place_of_the_usual_ones(tmp_path):
    page = build(CONTENT, tmp_path / "report").read_text(encoding="utf-8")
    assert "The first" in page
    assert "What it says." in page
    assert 'id="table-figures"' in page
    assert 'id="figure-dots"' in page
    assert "a &lt; b" in page
    assert "Provenance ledger" not in page
    assert "Wilson" in page
    assert (tmp_path / "report" / "tables" / "figures.csv").exists()


def test_the_same_sections_give_the_same_bytes(tmp_path):
    one, other = (build(replace(CONTENT), tmp_path / name) for name in ("one", "other"))
    for path in sorted(one.parent.rglob("*.*")):
        assert path.read_bytes() == (other.parent / path.relative_to(one.parent)).read_bytes(), path.name
