"""Every number on the page can be traced: whatever id a report prints, `explain` knows it."""

import re
from html import unescape

import pytest

from sarcoid_epi import api
from sarcoid_epi.explaining import explain


@pytest.fixture(scope="module")
def report(tmp_path_factory):
    folder = tmp_path_factory.mktemp("traced") / "report"
    api.report(folder, size=200, seed=3)
    return folder


def test_every_id_on_the_page_is_explained(report):
    page = (report / "index.html").read_text(encoding="utf-8")
    printed = {re.sub(r"<wbr>|<[^>]+>", "", id) for id in re.findall(r'<code class="trace">(.*?)</code>', page)}
    hovered = set(re.findall(r'title="(?:sarcoid-epi )?explain ([^"]+)"', page))
    ids = {unescape(id) for id in printed | hovered}
    assert len(ids) > 400
    for id in sorted(ids):
        assert explain(id, "evidence", "tertiary_records", report)


def test_every_row_of_the_results_is_explained(report):
    from sarcoid_epi.results import read

    rows = read(report).rows
    assert len(rows) > 200
    for row in rows[::7]:
        text = explain(row.id, "evidence", "tertiary_records", report)
        assert "data: 200 synthetic patients" in text or "data: published series" in text


def test_a_parameter_of_a_report_is_explained_as_the_report_had_it(tmp_path):
    api.report(tmp_path / "own", design="pet_series", size=50, seed=3, vary={"osseous.true_prevalence": 0.07})
    text = explain("osseous.true_prevalence", "review", "incident_clinic", tmp_path / "own")
    assert text.startswith("osseous.true_prevalence = 0.07   (world 'evidence')\n  assumed: varied by the user")
    text = explain("imaging.fdg_pet.routine", "review", "incident_clinic", tmp_path / "own")
    assert text.startswith("imaging.fdg_pet.routine = 1")
    assert "baughman2001.women" in explain("sex.women", "review", "incident_clinic", tmp_path / "own")


def test_an_explained_estimate_says_what_it_rests_on(report):
    text = explain("corrected_prevalence-clinical:osseous:all", "evidence", "tertiary_records", report)
    assert "rests on counts of 200 synthetic patients" in text
    assert "belief 'clinical'" in text
    assert "Rogan" in text
