"""The figures of the registry: recomputed from counts, given exact limits, never pooled where they must not be."""

import re

import pytest

from sarcoid_epi.evidence import FLAGS, NOT_POOLED, Finding, finding, findings, load_registry, source, sources

EVERY = sorted(load_registry().findings)


def proportion(**given):
    entry = {"id": "a.b", "source": "a", "quantity": "share", "measure": "proportion", "topic": "osseous"}
    return Finding(**entry, **given)


def test_20_of_2013_printed_as_1_5_percent_is_a_recorded_conflict():
    one = finding("kucharz2020.bone_prev_sparks_count")
    assert (one.events, one.n, one.printed) == (20, 2013, "1.5%")
    assert one.conflict == "printed 1.5%, but 20/2013 = 0.99%"
    assert "arithmetic_conflict" in one.flags
    assert not one.poolable


def test_the_share_of_a_figure_in_conflict_comes_from_its_counts():
    assert finding("kucharz2020.bone_prev_sparks_count").share == pytest.approx(20 / 2013)


def test_the_stated_1_5_percent_has_no_denominator():
    one = finding("kucharz2020.bone_prev_sparks_stated")
    assert (one.events, one.n, one.value, one.share) == (20, None, 0.015, 0.015)
    assert one.exact_interval() is None


@pytest.mark.parametrize(
    ("id", "counts", "low", "high"),
    [("kucharz2020.bone_prev_sparks_stated", (20, 1333), 0.92, 2.31), ("jmb_pet195.osseous", (29, 195), 10.19, 20.66)],
)
def test_a_stated_percentage_implies_the_count_that_was_not_printed(id, counts, low, high):
    one = finding(id)
    assert one.implied_counts == counts
    assert [round(100 * limit, 2) for limit in one.exact_interval(implied=True)] == [low, high]
    assert proportion(events=counts[0], n=counts[1]).exact_interval() == one.exact_interval(implied=True)
    assert one.exact_interval() is None
    assert not one.has_counts
    assert not one.poolable


def test_nothing_is_implied_where_both_counts_stand_or_one_number_alone():
    assert proportion(events=4, n=736).implied_counts is None
    assert proportion(value=0.15).implied_counts is None
    assert proportion(value=0.0, events=0).implied_counts is None
    assert finding("boston_acr_abstract.cases").implied_counts is None
    assert proportion(value=0.15).exact_interval(implied=True) is None


def test_no_counts_are_implied_by_a_percentage_that_no_whole_number_gives():
    assert "unreachable" in finding("riga.hypercalcaemia").flags
    assert finding("riga.hypercalcaemia").implied_counts is None


def test_limits_of_printed_counts_are_not_those_implied():
    one = finding("glanowski2018.osseous")
    assert one.exact_interval(implied=True) == one.exact_interval()


@pytest.mark.parametrize(
    ("id", "low", "high"),
    [
        ("baughman2001.osseous", 0.15, 1.39),  # 4/736
        ("glanowski2018.osseous", 1.93, 4.21),  # 27/926
        ("demaria2020.osseous", 7.5, 23.4),  # 12/85
        ("kucharz2020.bone_prev_sparks_count", 0.61, 1.53),  # 20/2013
        ("grozdic.osseous", 13.6, 32.5),  # 18/82
        ("mostard2012.osseous_or_marrow_of_scanned", 18.7, 35.0),  # 32/122
        ("sigaux2019.spine_lesions", 10.1, 30.5),  # 12/64
    ],
)
def test_exact_limits_are_the_published_ones(id, low, high):
    decimals = 2 if high < 5 else 1
    limits = [round(100 * limit, decimals) for limit in finding(id).exact_interval()]
    assert limits == [low, high]


def test_exact_limits_at_the_ends_are_zero_and_one():
    # With no event in n the upper limit solves (1 - p)^n = alpha/2 in closed form.
    assert proportion(events=0, n=10).exact_interval() == (0.0, pytest.approx(1 - 0.025**0.1))
    assert proportion(events=10, n=10).exact_interval() == (pytest.approx(0.025**0.1), 1.0)


def test_a_higher_level_gives_wider_limits():
    one = finding("glanowski2018.osseous")
    narrow, wide = one.exact_interval(0.90), one.exact_interval(0.99)
    assert wide[0] < narrow[0] < one.share < narrow[1] < wide[1]


def test_conflicts_are_exactly_these():
    held = {one.id for one in findings() if one.conflict}
    assert held == {
        "kucharz2020.bone_prev_sparks_count",
        "mana1999.women",
        "benhassine2019.hypercalcaemia_cases",
        "oporto.lofgren",
        "oporto.treated",
        "riga.hypercalcaemia",
        "riga.hypercalciuria",
        "vitamin_d_prescription2016.hypercalcaemia_without",
    }


def test_one_women_share_is_printed_as_85_where_the_counts_give_84_percent():
    assert finding("mana1999.women").conflict == "printed 85%, but 157/186 = 84.4%"


@pytest.mark.parametrize("id", EVERY)
def test_every_finding_has_a_source_a_place_and_something_to_say(id):
    one = finding(id)
    assert one.source == source(one.source).key
    assert id == f"{one.source}.{one.name}"
    assert one.where
    assert one.quantity
    assert set(one.flags) <= set(FLAGS)


@pytest.mark.parametrize("id", EVERY)
def test_every_poolable_figure_is_first_hand_with_sound_counts(id):
    one = finding(id)
    if one.poolable:
        assert 0 <= one.events <= one.n
        assert one.secondary == one.conflict == ""
        assert not set(one.flags) & set(NOT_POOLED)
    else:
        assert one.why_not_pooled


def test_counts_worked_back_from_a_percentage_say_so():
    assert "derived_counts" in finding("zhou2017.pelvis").flags
    assert "inferred_events" in finding("baughman2001.osseous").flags
    assert "derived_counts" not in finding("zhou2017.spine").flags


def test_a_percentage_that_two_counts_could_give_gets_no_counts():
    one = finding("jmb_pet195.osseous")
    assert (one.events, one.n, one.value) == (None, 195, 0.15)


def test_the_denominators_of_one_pet_series_stand_side_by_side():
    pet = [one for one in findings(source="mostard2012", has_counts=True) if one.n > 90]
    assert sorted((one.events, one.n) for one in pet) == [(13, 122), (19, 122), (32, 94), (32, 122)]
    assert [one.name for one in pet if one.variable == "osseous"] == ["osseous_focal"]


def test_nobody_invents_a_prevalence_for_the_series_that_gives_none():
    for key in ("neville1977", "sparks2014"):
        assert findings(source=key, topic="osseous", variable="osseous", measure="proportion") == ()


def test_organs_without_a_page_to_cite_are_not_attributed_to_access():
    organs = {one.variable for one in findings(source="baughman2001", measure="proportion", topic="organ")}
    assert organs == {"lung", "skin", "extrathoracic nodes", "eye", "liver", "spleen", "heart", "scadding_stage"}


def test_the_spondyloarthropathy_count_disagrees_with_the_paper_quoted():
    assert "mismatch_with_primary" in finding("kucharz2020.sigaux_spa").flags
    assert finding("sigaux2019.spondyloarthropathy").events == 15


def test_method_papers_have_a_citation_and_no_findings():
    papers = sources(kind="method")
    assert len(papers) >= 14
    assert all(paper.authors and paper.year and paper.title and paper.citation for paper in papers)
    assert not [one for one in findings() if source(one.source).kind == "method"]


def test_one_doi_is_one_source():
    dois = [paper.doi.lower() for paper in sources() if paper.doi]
    assert len(dois) == len(set(dois))


def test_every_quotation_from_a_registered_paper_resolves():
    quoted = {one.secondary for one in findings() if re.fullmatch(r"[a-z][a-z0-9_]*", one.secondary)}
    assert {"neville1977", "sparks2014", "baughman2001", "zhou2017", "sigaux2019"} <= quoted
    assert all(source(key) for key in quoted)


def test_every_file_has_something_to_say():
    silent = {paper.key for paper in sources()} - {one.source for one in findings()}
    assert silent == {paper.key for paper in sources(kind="method")}
