"""How a report reads: numbers, names and figure titles as a reader meets them."""

import re
from dataclasses import replace

import pytest
from markupsafe import Markup

from sarcoid_epi.errors import ConfigurationError
from sarcoid_epi.evidence import finding, source, sources
from sarcoid_epi.report import Content, build
from sarcoid_epi.report.evidence_tables import composed, finding_counts, osseous_evidence
from sarcoid_epi.report.forest import forest_title
from sarcoid_epi.report.markup import (
    author_year,
    finding_limits,
    limits,
    printed,
    qualifier,
    run_parts,
    share,
    term_label,
    trace,
    who_printed,
)
from sarcoid_epi.report.sentences import Sentences
from sarcoid_epi.results import Estimate, Estimates, Run

NAN = float("nan")


def row(run: str, term: str, estimate: float, low: float, high: float, events: float, n: float) -> Estimate:
    return Estimate(run, term, "all", NAN, estimate, NAN, low, high, 0.95, n, events, "")


RECORDED = row("recorded_osseous", "osseous_recorded", 0.02, 0.0153, 0.0261, 60, 3000)
CORRECTED = row("corrected_prevalence-vague", "osseous", -0.004, -0.0123, 0.02, 60, 3000)


def content(*rows: Estimate) -> Content:
    runs = tuple(Run(each.run, "e", "what", "Label", "", "counts", "", "data", "0") for each in rows)
    return Content("Title", "Question?", "3000 patients", Estimates(rows, runs))


def words(html: str) -> str:
    text = Markup(re.sub(r"<(style|svg)\b.*?</\1>", "", html, flags=re.DOTALL)).striptags()
    return " ".join(text.replace("\u00a0", " ").split())


def test_a_number_carries_its_value_and_the_command_that_explains_it():
    assert share(RECORDED) == (
        '<data value="0.02" title="sarcoid-epi explain recorded_osseous:osseous_recorded:all">2.0\u00a0%</data>'
    )


def test_limits_stand_with_one_percent_sign_and_a_true_minus():
    assert limits(RECORDED) == "1.5 to 2.6\u00a0%"
    assert limits(CORRECTED) == "−1.2 to 2.0\u00a0%"
    assert printed("p-value 2013-14, -3") == "p-value 2013-14, −3"


def test_names_of_papers_are_short():
    assert author_year(source("kucharz2020")) == "Kucharz 2020"
    assert author_year(source("wilson1927")) == "Wilson 1927"
    assert author_year(source("hamza2008")) == "Hamza et al. 2008"
    assert author_year(source("jansen2005")) == "Jansen & Geusens 2005"
    assert author_year(source("jmb_pet195")) == "195 consecutive PET scans"
    quoted = finding("kucharz2020.bone_prev_sparks_count")
    assert who_printed(quoted) == "Boston: Sparks et al. 2014, as quoted by Kucharz 2020"


def test_terms_and_ids_are_readable():
    assert term_label("sex=female") == "Sex: female"
    assert term_label("upper_airway") == "Upper airway"
    assert trace("a.b:c") == '<code class="trace">a.<wbr>b:<wbr>c</code>'
    assert run_parts("organs-by-sex") == ("organs", "sex", "")
    with pytest.raises(ConfigurationError, match="organs-by"):
        run_parts("organs-by")


def test_papers_without_authors_go_by_what_is_known_of_them_and_not_by_their_key():
    assert author_year(source("boston_acr_abstract")) == "An earlier count from the hospital of Sparks et al. 2014"
    assert author_year(source("episarc")) == "EpiSarc"
    assert author_year(source("ats_guideline2020")) == "Guideline of the American Thoracic Society 2020"
    assert author_year(source("oporto")) == "Analysis of sarcoidosis in the Oporto region"
    assert author_year(source("riga")) == "unnamed report (riga)"
    assert not [paper.key for paper in sources() if author_year(paper) == paper.key]


def test_the_column_printed_holds_only_what_was_printed():
    chosen = tuple(finding(id) for id in PRINTED)
    table = osseous_evidence(Content("t", "q", "d", Estimates((), ()), findings=chosen, forest=tuple(PRINTED)))
    at = [column.header for column in table.columns].index("Printed")
    rows = {
        id: [words(cell) for cell in row.cells[at : at + 3]]
        for id, row in zip(table.data["id"], table.rows, strict=True)
    }
    assert rows == PRINTED


#: Printed, counts and share, as they stand in the table.
PRINTED = {
    "baughman2001.osseous": ["0.5%", "4/736", "0.54 %"],
    "demaria2020.osseous": ["", "12/85", "14.1 %"],
    "kucharz2020.bone_prev_sparks_stated": ["1.5%", "20 cases", "1.5 %"],
    "jmb_pet195.osseous": ["15%", "195 patients", "15.0 %"],
    "boston_acr_abstract.cases": ["19", "19 cases", ""],
    "boston_follow_up.cases": ["24", "24 patients", ""],
    "jansen2005.osseous_follow_up": ["5–13%", "", ""],
    "kucharz2020.bone_range_spread": ["", "", "0.50 % to 15.0 %"],
    "neville1977.incidental": ["", "", "in most of those spoken of"],
}


def test_a_number_alone_says_of_what():
    assert finding_counts(finding("mri_metastasis.lesions")) == "79 lesions"
    assert composed(finding("kucharz2020.bone_range_spread")) == "0.50 % to 15.0 %"
    assert composed(finding("demaria2020.osseous")) == ""


def test_a_share_says_what_else_it_counts_and_of_whom():
    assert qualifier(finding("baughman2001.osseous")) == "bone or joint, within 6 months of diagnosis"
    assert qualifier(finding("mostard2012.osseous_or_marrow_of_positive")) == "bone or marrow, of PET-positive patients"
    assert qualifier(finding("mostard2012.osseous_focal")) == "of patients scanned"
    assert qualifier(finding("kucharz2020.bone_prev_sparks_count")) == ""
    assert qualifier(finding("jansen2005.osseous_follow_up")).startswith("bone together with something else")


def test_the_summary_opens_with_the_extremes_and_what_they_count(tmp_path):
    forest = ("mostard2012.osseous_or_marrow_of_positive", "baughman2001.osseous", "glanowski2018.osseous")
    page = build(Content("t", "q", "d", Estimates((), ()), forest=forest), tmp_path / "r").read_text(encoding="utf-8")
    assert (
        "Among the series in the figure below, published frequencies run from 0.54 % (ACCESS: Baughman et al. 2001; "
        "bone or joint, within 6 months of diagnosis) to 34.0 % (Mostard et al. 2012; bone or marrow, of PET-positive "
        "patients)."
    ) in words(page)


def test_exact_limits_of_small_shares_have_two_decimals():
    small, common = finding("baughman2001.osseous"), finding("glanowski2018.osseous")
    implied = finding("kucharz2020.bone_prev_sparks_stated")
    assert finding_limits(small) == "0.15 to 1.39\u00a0%"
    assert finding_limits(common) == "1.9 to 4.2\u00a0%"
    assert finding_limits(implied) == ""
    assert finding_limits(implied, implied=True) == "0.92 to 2.31\u00a0%"


def test_the_title_of_the_forest_says_the_finding():
    forest = ("mostard2012.osseous_focal", "baughman2001.osseous", "glanowski2018.osseous")
    title = forest_title(Content("t", "q", "d", Estimates((), ()), forest=forest))
    assert title.replace("\u00a0", " ") == (
        "Published frequencies run from 0.54 % (ACCESS: Baughman et al. 2001; bone or joint, within 6 months of "
        "diagnosis) to 15.6 % (Mostard et al. 2012; of patients scanned)"
    )


def test_a_sentence_without_limits_says_why():
    silent = Estimate("organs", "heart", "all", NAN, NAN, NAN, NAN, NAN, 0.95, NAN, NAN, "no column 'heart'")
    said = Sentences(content(silent)).with_limits("organs:heart:all")
    assert said.striptags() == "– (no column 'heart')"


def test_the_summary_reads_as_prose(tmp_path):
    fit = row("corrected_prevalence-clinical", "osseous", 0.15, 0.07, 0.4, 60, 3000)
    strict = replace(CORRECTED, run="corrected_prevalence-strict", note="more false alarms than records")
    unfit = (strict, row("corrected_prevalence-far", "osseous", 5.04, NAN, NAN, 60, 3000))
    silent = replace(
        fit, run="corrected_prevalence-silent", estimate=NAN, conf_low=NAN, conf_high=NAN, note="nobody seen"
    )
    page = build(content(RECORDED, fit, *unfit, silent), tmp_path / "r").read_text(encoding="utf-8")
    assert (
        "In this cohort osseous sarcoidosis is on record in 60 of 3000 patients in whom that is known: 2.0 % "
        "(95 % limits 1.5 to 2.6 %). How many have it depends on what is believed about detection: 15.0 % "
        "(95 % limits 7.0 to 40.0 %) under the belief “clinical”; under the belief “strict” the estimate falls below "
        "zero, the 95 % limits are −1.2 to 2.0 % (more false alarms than records); the belief “far” does not fit these "
        "records (no limits); the belief “silent” gives no answer (nobody seen). The records alone cannot tell which "
        "belief is right."
    ) in words(page)
    assert "Records alone do not identify how much is missed." in words(page)
