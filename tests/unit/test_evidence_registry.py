"""Reading the registry: everything wrong is told at once, and overlapping series are never kept together."""

import subprocess
import sys
from itertools import combinations, permutations

import pytest

from sarcoid_epi.errors import ConfigurationError
from sarcoid_epi.evidence import (
    finding,
    findings,
    independent,
    load_registry,
    overlapping,
    read_registry,
    share_patients,
    source,
    sources,
)
from sarcoid_epi.evidence.printed import agrees, counts_conflict, fitting_events, percentages, reach_conflict

PAPER = '[source]\nkey = "{key}"\nkind = "study"\nchecked = "abstract"\n'
SHARE = 'quantity = "share"\nmeasure = "proportion"\ntopic = "osseous"\n'


def paper(key="a", head="", finding=""):
    return {f"{key}.toml": PAPER.format(key=key) + head + (f"\n[finding.b]\n{SHARE}{finding}" if finding else "")}


def refusal(files):
    with pytest.raises(ConfigurationError) as caught:
        read_registry(files)
    return str(caught.value)


def test_a_sound_file_is_read():
    registry = read_registry(paper(finding='events = 3\nn = 10\nprinted = "30%"'))
    assert registry.findings["a.b"].share == 0.3
    assert registry.findings["a.b"].conflict == ""


def test_a_wrong_percentage_is_recorded_and_not_a_crash():
    one = read_registry(paper(finding='events = 20\nn = 2013\nprinted = "1.5%"')).findings["a.b"]
    assert one.conflict
    assert one.flags == ("arithmetic_conflict",)


def test_a_file_cannot_hide_or_invent_a_conflict():
    for value in ('""', '"none"'):
        text = refusal(paper(finding=f'events = 20\nn = 2013\nprinted = "1.5%"\nconflict = {value}'))
        assert "unknown key 'conflict'" in text


def test_a_mistyped_key_is_refused_with_the_nearest_one():
    assert "unknown key 'evnts'; did you mean 'events'?" in refusal(paper(finding="evnts = 3\nn = 10\nvalue = 0.3"))
    assert "unknown key 'autors'; did you mean 'authors'?" in refusal(paper(head='autors = "X"\n'))


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        ('value = 0.1\nflags = ["tpyo"]', "unknown flag 'tpyo'; did you mean 'typo'?"),
        ('value = 0.1\nascertainment = "PET"', "unknown ascertainment 'PET'"),
        ('value = 0.1\nunit = "percent"', "unknown unit 'percent'"),
        ("value = 10", "value = 10 is not a share between 0 and 1"),
        ("value = nan", "value = nan is not a number"),
        ("value = true", "value = True is not a number"),
        ("events = 3", "a proportion needs events and n, or value"),
        ("events = 11\nn = 10", "11 events in 10 patients"),
        ("events = 3\nn = 0", "n = 0 is not positive"),
        ("events = 3.5\nn = 10", "events = 3.5 is not a whole number"),
        ("events = 3\nn = 10\nvalue = 0.3", "value stands beside events and n"),
        ('events = 3\nn = 10\nprinted = "4/10"', "but events = 3 and n = 10"),
        ('value = 0.3\nprinted = "35%"', "printed '35%', but value = 0.3"),
        ("value = 0.3\nconf_low = 0.4\nconf_high = 0.5", "conf_low = 0.4 is above value = 0.3"),
        ("value = 0.3\nconf_low = 0.2", "an interval has two limits"),
        ('value = 0.3\nsecondary = "nevile1977"', "unknown source 'nevile1977'"),
    ],
)
def test_a_broken_finding_is_refused_in_words(entry, said):
    text = refusal(paper(finding=entry))
    assert said in text
    assert "a.toml [finding.b]" in text


def test_a_file_that_is_not_toml_is_named():
    assert "broken.toml: is not TOML" in refusal({"broken.toml": "[source\n"})


def test_a_finding_without_a_paper_is_refused():
    assert "there is no [source] table" in refusal({"a.toml": f"[finding.b]\n{SHARE}value = 0.1\n"})


def test_a_key_unlike_its_file_name_is_refused():
    assert "differs from the file name" in refusal({"b.toml": PAPER.format(key="a")})


def test_all_problems_of_all_files_are_told_at_once():
    files = (
        paper("a", finding="evnts = 3\nvalue = 7") | paper("b", head='kynd = "study"\n') | paper("c", finding="n = 5")
    )
    with pytest.raises(ConfigurationError) as caught:
        read_registry(files)
    told = " ".join(str(problem) for problem in caught.value.problems)
    assert len(caught.value.problems) == 3
    assert all(part in told for part in ("'evnts'", "'kynd'", "needs events and n"))


def test_an_overlap_marked_on_one_side_only_is_refused():
    one_sided = paper("a", head='shares_patients_with = ["b"]\n') | paper("b")
    assert "shares patients with b, which does not say so" in refusal(one_sided)
    both = paper("a", head='shares_patients_with = ["b"]\n') | paper("b", head='shares_patients_with = ["a"]\n')
    assert len(read_registry(both).sources) == 2


def test_an_overlap_with_an_unknown_paper_is_refused():
    assert "unknown source 'z'" in refusal(paper("a", head='shares_patients_with = ["z"]\n'))


def test_one_doi_under_two_keys_is_refused():
    files = paper("a", head='doi = "10.1/X"\n') | paper("b", head='doi = "10.1/x"\n')
    assert "doi 10.1/x stands in a and b" in refusal(files)


def test_overlaps_of_the_package_are_symmetric():
    for one in sources():
        for other in one.shares_patients_with:
            assert one.key in source(other).shares_patients_with


def test_known_overlaps_are_marked():
    assert set(source("glanowski2018").shares_patients_with) == {"benhassine2019", "demaria2020"}
    assert set(source("sparks2014").shares_patients_with) == {"boston_follow_up", "boston_acr_abstract"}


def test_an_unknown_name_is_answered_with_the_nearest():
    with pytest.raises(ConfigurationError, match=r"did you mean 'kucharz2020\.bone_prev_sparks_count'"):
        finding("kucharz2020.bone_prev_spark_count")
    with pytest.raises(ConfigurationError, match=r"did you mean 'neville1977'"):
        source("nevile1977")
    with pytest.raises(ConfigurationError, match=r"did you mean 'topic'"):
        findings(topik="osseous")


def test_selection_takes_a_value_several_values_or_a_flag():
    assert {one.source for one in findings(source=["neville1977", "sparks2014"])} == {"neville1977", "sparks2014"}
    assert all("typo" in one.flags for one in findings(flags="typo"))
    assert len(findings(flags="typo")) > 0
    assert findings(source="neville1977", topic="calcium") == ()


def test_order_is_by_name_and_the_same_each_time():
    ids = [one.id for one in findings()]
    assert ids == sorted(ids)
    assert list(load_registry().sources) == sorted(load_registry().sources)


def test_the_registry_cannot_be_changed():
    with pytest.raises(TypeError):
        load_registry().findings["x"] = finding("sparks2014.cases")
    with pytest.raises(AttributeError):
        finding("sparks2014.cases").n = 7


def test_independent_never_keeps_two_that_share_patients():
    answer = independent(findings(measure="proportion"))
    assert not [pair for pair in combinations(answer.kept, 2) if share_patients(*pair)]
    assert len(answer.kept) + len(answer.set_aside) == len(findings(measure="proportion"))


def test_independent_keeps_the_largest_and_says_why_the_other_went():
    answer = independent([finding("benhassine2019.symptomatic"), finding("glanowski2018.symptomatic")])
    assert [one.id for one in answer.kept] == ["benhassine2019.symptomatic"]
    assert answer.set_aside[0].finding.id == "glanowski2018.symptomatic"
    assert answer.set_aside[0].reason == "may count patients of benhassine2019.symptomatic (n = 88), which was kept"


def test_independent_does_not_depend_on_the_order_of_asking():
    asked = findings(source="mostard2012", topic="osseous")
    answers = {tuple(one.id for one in independent(order).kept) for order in permutations(asked)}
    assert len(answers) == 1


def test_a_quotation_and_the_paper_quoted_count_once():
    answer = independent([finding("kucharz2020.bone_prev_baughman"), finding("baughman2001.osseous")])
    assert [one.id for one in answer.kept] == ["baughman2001.osseous"]


def test_the_poolable_frequencies_of_bone_without_shared_patients():
    """Demaria and Glanowski, both from Paris, may share patients: they are never pooled together."""
    poolable = findings(topic="osseous", variable="osseous", poolable=True)
    kept = {one.source: (one.events, one.n) for one in independent(poolable).kept}
    assert kept == {"glanowski2018": (27, 926), "grozdic": (18, 98), "mostard2012": (19, 122)}
    by_pet = {one.source for one in independent([one for one in poolable if one.ascertainment == "pet"]).kept}
    assert by_pet == {"demaria2020", "grozdic", "mostard2012"}


def test_overlapping_groups_chain_through_a_common_partner():
    boston = findings(source=["sparks2014", "boston_follow_up", "boston_acr_abstract"], name="cases")
    groups = overlapping([*boston, finding("demaria2020.osseous")])
    assert groups == (boston,)


def test_a_rounding_is_judged_exactly():
    assert agrees("12.5", 1, 8)
    assert agrees("12", 1, 8)  # a tie may have been rounded either way
    assert agrees("13", 1, 8)
    assert not agrees("14", 1, 8)


def test_every_and_only_a_fitting_numerator_is_found():
    for digits, n in (("0.5", 736), ("15", 195), ("69.8", 63), ("100", 7), ("0", 400)):
        assert fitting_events(digits, n) == tuple(k for k in range(n + 1) if agrees(digits, k, n))


def test_a_range_is_not_read_as_a_percentage():
    assert percentages("10–17%") == ()
    assert percentages("157 (85%)") == ("85",)
    assert counts_conflict("10–17%", 1, 2) == ""


def test_a_percentage_no_numerator_can_give_is_told():
    assert reach_conflict("8.5%", 88) == "printed 8.5%, but no whole number of 88 gives it"
    assert reach_conflict("8.5%", 82) == ""


def test_listing_the_evidence_loads_no_numerical_library():
    code = (
        "import sys, sarcoid_epi.evidence as evidence; evidence.load_registry(); evidence.findings(topic='osseous');"
        "print([m for m in ('numpy', 'scipy', 'pandas') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
