"""The report: same bytes everywhere, nothing loaded, nothing lost, every number asked for by its id."""

import json
import os
import re
import subprocess
import sys
from dataclasses import replace
from hashlib import sha256
from html.parser import HTMLParser
from pathlib import Path

import pytest

import report_content
from report_content import FOREST, all_bytes, content, estimates, run, share, silent
from sarcoid_epi.errors import ConfigurationError
from sarcoid_epi.evidence import finding, findings
from sarcoid_epi.report import Content, Exclusion, Ledger, build
from sarcoid_epi.report.forest import LOOKS, forest_lines
from sarcoid_epi.report.markup import trace
from sarcoid_epi.report.tables import all_tables
from sarcoid_epi.results import Estimates


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("reports") / "report"
    stages: list[str] = []
    assert build(content(), out, stages.append) == out / "index.html"
    assert stages == ["tables", "figures", "page", "data", "manifest"]
    return out


@pytest.fixture(scope="module")
def html(built: Path) -> str:
    return (built / "index.html").read_text(encoding="utf-8")


class Reader(HTMLParser):
    """Notes every tag with its attributes, and whether tags are closed in order."""

    VOID = frozenset({"meta", "br", "link", "img", "wbr", "hr"})

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append((tag, dict(attrs)))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def read(html: str) -> Reader:
    reader = Reader()
    reader.feed(html)
    reader.close()
    return reader


def test_the_page_is_well_formed_and_loads_nothing(html):
    reader = read(html)
    assert reader.open == []
    assert "<script" not in html
    assert "@import" not in html
    assert not re.search(r"url\(\s*['\"]?(?!#)", html)
    for tag, attributes in reader.seen:
        assert tag not in ("link", "img", "iframe", "object", "embed")
        assert not any(name == "src" or name.startswith("on") for name in attributes)
        if (attributes.get("href") or "").startswith("http"):
            assert tag == "a"


def test_ids_on_the_page_are_unique_and_every_inner_link_has_its_aim(html):
    attributes = [each for _, each in read(html).seen]
    ids = [each["id"] for each in attributes if "id" in each]
    assert len(ids) == len(set(ids))
    used = {str(each["href"])[1:] for each in attributes if str(each.get("href", "")).startswith("#")}
    assert used <= set(ids)
    assert len(used) > 10
    assert set(re.findall(r"url\(#([^)]+)\)", html)) <= set(ids)


def test_links_to_files_lead_to_files(built, html):
    links = [str(each.get("href", "")) for tag, each in read(html).seen if tag == "a"]
    local = {link for link in links if link and not link.startswith(("#", "http"))}
    assert local
    assert all((built / link).is_file() for link in local)


def test_every_table_has_a_caption_and_scoped_headers_and_every_figure_words(html):
    seen = read(html).seen
    tables = sum(tag == "table" for tag, _ in seen)
    assert tables == sum(tag == "caption" for tag, _ in seen) == len(all_tables(content()))
    assert all(each.get("scope") for tag, each in seen if tag == "th")
    drawings = [each for tag, each in seen if tag == "svg"]
    assert [each["role"] for each in drawings] == ["img"] * 3
    assert ("html", {"lang": "en"}) in seen


def test_every_id_on_the_page_exists(html):
    traced = {
        title.removeprefix("sarcoid-epi explain ") for title in re.findall(r'title="(sarcoid-epi explain [^"]+)"', html)
    }
    shown = {re.sub("<wbr>", "", code) for code in re.findall(r'<code class="trace">(.*?)</code>', html)}
    known = {row.id for row in estimates().rows} | {one.id for one in findings()}
    known |= {"entry.share", "organs.lung.share", "osseous.true_prevalence", "clinical.sensitivity.value"}
    known |= {one.source for one in findings()} | {"wilson1927"}
    unescaped = {
        text.replace("&lt;", "<").replace("&gt;", ">").replace("&#34;", '"').replace("&amp;", "&")
        for text in traced | shown
    }
    assert unescaped <= known
    assert {row.id for row in estimates().rows if row.run == "organs"} <= unescaped


def test_text_of_the_user_is_escaped(html):
    assert "<b>" not in html
    assert "&lt;b&gt;&amp;" in html


def test_the_same_content_gives_the_same_bytes_again(built, tmp_path):
    build(content(), tmp_path / "again")
    assert all_bytes(tmp_path / "again") == all_bytes(built)


@pytest.mark.parametrize(
    "elsewhere",
    [
        {"TZ": "Pacific/Kiritimati", "LC_ALL": "C", "PYTHONHASHSEED": "7"},
        {"TZ": "America/St_Johns", "LC_ALL": "de_DE.UTF-8", "PYTHONHASHSEED": "99", "MPLBACKEND": "svg"},
    ],
)
def test_the_same_bytes_in_another_place_time_zone_and_locale(built, tmp_path, elsewhere):
    folder = tmp_path / "anöther place"
    folder.mkdir()
    (folder / "matplotlibrc").write_text("lines.linewidth: 9\nfont.size: 33\n")
    code = (
        "import pathlib, runpy; from sarcoid_epi.report import build; "
        f"build(runpy.run_path({report_content.__file__!r})['content'](), pathlib.Path('r'))"
    )
    subprocess.run([sys.executable, "-c", code], cwd=folder, env=os.environ | elsewhere, check=True)
    assert all_bytes(folder / "r") == all_bytes(built)


def test_nothing_machine_made_is_in_the_output(built):
    for name, data in all_bytes(built).items():
        assert str(built.parent).encode() not in data, name
        assert b"/site-packages" not in data, name
        assert not re.search(rb"20\d\d-\d\d-\d\dT", data), name


def test_the_manifest_lists_every_output_with_its_digest(built):
    manifest = json.loads((built / "manifest.json").read_text(encoding="utf-8"))
    outputs = {name: data for name, data in all_bytes(built).items() if name != "manifest.json"}
    assert manifest["outputs"] == {name: sha256(data).hexdigest() for name, data in outputs.items()}
    assert manifest["inputs"] == {"patients.csv": "0" * 64}
    assert manifest["configuration"] == {"size": "100"}
    assert {"numpy", "pandas", "sarcoid-epi"} <= manifest["packages"].keys()
    assert {"index.html", "estimates.csv", "runs.csv", "tables/table_one.csv", "figures/forest.svg"} <= outputs.keys()


def test_an_input_without_a_digest_is_refused(tmp_path):
    with pytest.raises(ConfigurationError, match=r"patients\.csv"):
        build(replace(content(), inputs={"patients.csv": "/home/somebody/patients.csv"}), tmp_path / "r")
    assert not list(tmp_path.iterdir())


def without(id: str) -> Content:
    whole = estimates()
    return replace(content(), estimates=replace(whole, rows=tuple(row for row in whole.rows if row.id != id)))


@pytest.mark.parametrize("id", ["recorded_osseous:osseous_recorded:all", "pooled_prevalence-pet_series:prediction:all"])
def test_a_sentence_without_its_number_fails_the_build(id, tmp_path):
    with pytest.raises(ConfigurationError, match=f"estimate '{id}'"):
        build(without(id), tmp_path / "r")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("change", [{"forest": ("baughman2001.oseous",)}, {"pooled_from": ("nobody.nothing",)}])
def test_a_finding_that_is_not_registered_fails_the_build(change, tmp_path):
    with pytest.raises(ConfigurationError, match="unknown finding"):
        build(replace(content(), **change), tmp_path / "r")


def test_a_reference_that_is_not_registered_fails_the_build(tmp_path):
    strange = Estimates((share("shares", "fever", 1, 2),), (run("shares", "wilson1927, nobody1900"),))
    with pytest.raises(ConfigurationError, match="nobody1900"):
        build(Content("t", "q", "d", strange), tmp_path / "r")


def test_the_references_are_those_of_runs_and_findings(html):
    keys = re.findall(r'<li id="ref-(\w+)">', html)
    assert {"wilson1927", "baughman2001", "kucharz2020", "sparks2014", "mostard2012"} <= set(keys)
    assert len(keys) == len(set(keys))


def test_the_forest_has_one_row_for_each_id():
    ids = [line.id for line in forest_lines(content()) if line.kind not in ("heading", "pooled")]
    assert sorted(ids) == sorted(FOREST)


def test_the_two_readings_of_boston_are_told_apart():
    lines = {line.id: line for line in forest_lines(content())}
    counted = lines["kucharz2020.bone_prev_sparks_count"]
    stated = lines["kucharz2020.bone_prev_sparks_stated"]
    assert (counted.kind, counted.text) == ("conflict", "20/2013")
    assert (counted.low, counted.high) == finding(counted.id).exact_interval()
    assert (stated.kind, stated.share, stated.text) == ("implied", 0.015, "20/1333*")
    assert stated.limits.replace("\u00a0", " ") == "1.5 % (0.92 to 2.31)"
    assert (stated.low, stated.high) == finding(stated.id).exact_interval(implied=True)
    pooled = lines["pooled_prevalence-pet_series:osseous_recorded:all"]
    assert (pooled.outer_low, pooled.outer_high) == (0.02, 0.6)


def test_the_forest_says_what_else_was_counted_and_what_was_pooled(html):
    lines = {line.id: line for line in forest_lines(content())}
    assert lines["baughman2001.osseous"].qualifier == "bone or joint, within 6 months of diagnosis"
    assert lines["jmb_pet195.osseous"].qualifier == "joint or bone, referred for PET"
    assert [id for id, line in lines.items() if line.inside] == ["demaria2020.osseous"]
    assert LOOKS["inside"][1] != LOOKS["counts"][1]
    caption = next(part for part in re.findall(r"<figcaption>(.*?) <a", html) if "Squares" in part)
    assert "Filled squares went into a pool, outlined ones into none." in caption
    assert "* One count is implied by the stated percentage and was not printed." in caption


def test_the_note_of_pooled_limits_stands_beside_them_wherever_they_are_printed(tmp_path):
    note = "3 series: limits are rough"
    whole = estimates()
    rows = tuple(replace(r, note=note) if r.run == "pooled_prevalence-pet_series" else r for r in whole.rows)
    noted = replace(content(), estimates=replace(whole, rows=rows))
    assert any(line.kind == "pooled" and line.qualifier == note for line in forest_lines(noted))
    text = build(noted, tmp_path / "r").read_text(encoding="utf-8")
    summary = text[text.index('id="summary"') : text.index('id="literature"')]
    assert summary.count(note) == 1
    table = text[text.index('id="table-pooled_prevalence"') : text.index('id="table-pooled_from"')]
    assert table.count(note) == 3


def test_a_belief_that_does_not_fit_is_named_and_not_drawn(html, built):
    caption = next(part for part in re.findall(r"<figcaption>(.*?) <a", html) if "Diamonds" in part)
    assert "Left out, since they give no share of these records: Belief “vague” (below zero)." in caption
    assert "corrected_prevalence-vague" not in (built / "figures" / "corrected.svg").read_text(encoding="utf-8")
    assert "under the belief “vague” the estimate falls below zero" in html


def test_an_exclusion_shows_the_path_that_set_it():
    table = all_tables(content())["flow"]
    assert table.rows[0].cells[-1] == ""
    assert table.rows[1].cells[-1] == trace("entry.share")
    assert list(table.data["trace"]) == ["", "entry.share"]
    plain = all_tables(replace(content(), flow=(Exclusion("asked", 3, 3),)))["flow"]
    assert [column.header for column in plain.columns] == ["Before", "Excluded", "Left"]


def test_the_parts_of_the_ledger_are_named():
    entries = tuple(
        Ledger(part, "sensitivity.value", 0.2, "assumed", "[0.005 to 0.25] no study")
        for part in ("world evidence", "design tertiary_records", "belief clinical", "world")
    )
    rows = all_tables(replace(content(), ledger=entries))["ledger"].rows
    assert [row.group for row in rows] == [
        "World “evidence”",
        "Design “tertiary_records”",
        "Belief “clinical”",
        "World",
    ]
    assert rows[2].heading == trace("clinical.sensitivity.value")
    assert rows[2].cells[-1] == "[0.005 to 0.25] no study"


def test_the_page_says_that_it_may_be_mailed_alone(html):
    assert "This page can be mailed alone" in html[: html.index('class="question"')]


def test_no_source_is_called_by_its_bare_key(html):
    shown = re.sub(r"<(code|style|svg)\b.*?</\1>", "", html, flags=re.DOTALL)
    words = re.sub(r"<[^>]+>", "", shown)
    for key in ("boston_acr_abstract", "boston_follow_up", "jmb_pet195"):
        assert key not in words.replace(f"unnamed report ({key})", "")


def test_ranges_and_bounds_without_counts_are_drawn_as_such():
    lines = {line.id: line for line in forest_lines(content())}
    assert (lines["jansen2005.osseous_follow_up"].low, lines["jansen2005.osseous_follow_up"].high) == (0.05, 0.13)
    assert (lines["jansen2005.osseous_at_presentation"].low, lines["jansen2005.osseous_at_presentation"].high) == (
        0,
        0.01,
    )


def test_table_one_holds_standard_deviations_and_counts_the_missing():
    table = all_tables(content())["table_one"].data.set_index("id")
    age = table.loc["means:age_at_diagnosis:all"]
    assert age["sd"] == pytest.approx(1.4 * 90**0.5)
    assert age["missing"] == 10
    assert table.loc["shares:fever:all", "missing"] == 5
    assert table.loc["shares-by-sex:fever:sex=female", "missing"] == 0


def test_an_estimate_that_is_not_there_shows_a_dash_and_its_note(html):
    assert re.search(r'–<br><span class="note">no column &#39;heart&#39;</span>', html)


def test_estimates_beyond_the_bounds_stay_where_they_are(html):
    assert "−1.0\u00a0%" in html
    assert "below zero" in html


def test_what_is_absent_is_said_in_a_sentence_or_left_out(tmp_path):
    bare = Content(
        "Evidence", "What is known?", "published figures", Estimates((), ()), findings(topic="osseous"), FOREST
    )
    text = build(bare, tmp_path / "r").read_text(encoding="utf-8")
    assert "Nothing was calibrated" in text
    assert "Synthetic patients" not in text
    assert "No belief about detection was given" in text
    assert [path.name for path in sorted((tmp_path / "r" / "figures").iterdir())] == ["forest.png", "forest.svg"]


def test_a_missing_column_is_a_sentence_and_not_a_crash(tmp_path):
    note = "no column 'osseous_recorded'"
    rows = tuple(silent(name, "osseous_recorded", note) for name in ("recorded_osseous", "corrected_prevalence-vague"))
    bare = Content("t", "q", "d", Estimates(rows, tuple(run(row.run) for row in rows)))
    text = build(bare, tmp_path / "r").read_text(encoding="utf-8")
    assert "cannot be said: no column &#39;osseous_recorded&#39;" in text


def test_the_room_imports_only_what_lies_below_it():
    allowed = ("sarcoid_epi.report", "sarcoid_epi.results", "sarcoid_epi.evidence", "sarcoid_epi.vocabulary")
    room = Path(sys.modules["sarcoid_epi.report"].__path__[0])
    for module in room.glob("*.py"):
        named = re.findall(r"^\s*(?:from|import) (sarcoid_epi[\w.]*)", module.read_text(encoding="utf-8"), re.MULTILINE)
        assert all(name.startswith((*allowed, "sarcoid_epi.errors", "sarcoid_epi.files")) for name in named), (
            module.name
        )


def test_an_empty_content_still_makes_a_page(tmp_path):
    text = build(Content("t", "q", "d", Estimates((), ())), tmp_path / "deep" / "r").read_text(encoding="utf-8")
    assert "This report was given no published findings" in text
