"""How a report reads: numbers, names and figure titles as a reader meets them."""

import re

import pytest
from markupsafe import Markup

from sarcoid_epi.errors import ConfigurationError
from sarcoid_epi.evidence import finding, source
from sarcoid_epi.report import Content, build
from sarcoid_epi.report.evidence_tables import stated
from sarcoid_epi.report.forest import forest_title
from sarcoid_epi.report.markup import author_year, limits, printed, run_parts, share, term_label, trace, who_printed
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


def test_what_was_printed_is_shown_as_printed_or_else_in_percent():
    assert stated(finding("baughman2001.osseous")) == "0.5%"
    assert stated(finding("demaria2020.osseous")) == ""
    assert stated(finding("kucharz2020.bone_range_spread")) == "0.50 % to 15.0 %"


def test_the_title_of_the_forest_says_the_finding():
    forest = ("mostard2012.osseous_focal", "baughman2001.osseous", "glanowski2018.osseous")
    title = forest_title(Content("t", "q", "d", Estimates((), ()), forest=forest))
    assert title.replace("\u00a0", " ") == (
        "Printed frequencies run from 0.54 % (clinical assessment by instrument) to 15.6 % (FDG-PET)"
    )


def test_a_sentence_without_limits_says_why():
    silent = Estimate("organs", "heart", "all", NAN, NAN, NAN, NAN, NAN, 0.95, NAN, NAN, "no column 'heart'")
    said = Sentences(content(silent)).with_limits("organs:heart:all")
    assert said.striptags() == "– (no column 'heart')"


def test_the_summary_reads_as_prose(tmp_path):
    page = build(content(RECORDED, CORRECTED), tmp_path / "r").read_text(encoding="utf-8")
    assert (
        "In this cohort osseous sarcoidosis is on record in 60 of 3000 patients in whom that is known: 2.0 % "
        "(95 % limits 1.5 to 2.6 %). How many have it depends on what is believed about detection: −0.40 % "
        "(95 % limits −1.2 to 2.0 %) under the belief “vague”. The records alone cannot tell which belief is right."
    ) in words(page)
    assert "Records alone do not identify how much is missed." in words(page)
