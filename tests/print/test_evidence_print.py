"""How a finding reads: the citation first, the number after its setting, what is wrong with it in words."""

from sarcoid_epi.evidence import describe, finding, findings, summary

SPARKS = """\
kucharz2020.bone_prev_sparks_count
  source:               E. J. Kucharz (2020). Osseous manifestations of sarcoidosis. Reumatologia
                        2020;58(2):93-100. https://pmc.ncbi.nlm.nih.gov/articles/PMC7249525
  checked:              the whole paper was read
  quoted from:          Sparks et al. (2014). Seminars in Arthritis and Rheumatism.
                        doi:10.1016/j.semarthrit.2014.07.003.
  place:                Bone involvement / Epidemiology
  quantity:             bone cases over sarcoidosis patients in one hospital as printed
  population:           sarcoidosis patients of Brigham and Women's Hospital, Boston, 1994-2013
  found by:             search of records or inquiry to clinicians
  printed:              1.5%
  counts:               20/2013 = 0.99% (exact 95% limits 0.61% to 1.53%)
  conflict:             printed 1.5%, but 20/2013 = 0.99%
  flag:                 arithmetic_conflict: the printed percentage does not follow from the printed
                        counts
"""


def test_a_finding_in_conflict_prints_counts_limits_and_the_conflict():
    assert describe(finding("kucharz2020.bone_prev_sparks_count")).startswith(SPARKS)


def test_a_line_of_the_list_shows_the_printed_figure_and_marks_a_conflict():
    assert summary(finding("kucharz2020.bone_prev_sparks_count")).endswith("as printed: 1.5% !")
    assert summary(finding("neville1977.lytic")) == (
        "neville1977.lytic: share with lytic lesions: 25/29 = 86.21% (exact 95% limits 68.34% to 96.11%)"
    )


def test_an_odds_ratio_prints_its_limits_and_their_level():
    assert "odds ratio:           1.68 (95% limits 0.85 to 3.31)" in describe(finding("bone_density_meta.fracture"))


def test_an_overlap_is_printed_with_the_finding():
    assert "may share patients with benhassine2019" in describe(finding("glanowski2018.osseous"))


def test_every_finding_can_be_printed_without_a_blank_or_a_none():
    for one in findings():
        text = describe(one)
        assert "None" not in text
        assert all(line.strip() for line in text.splitlines())
        assert summary(one).startswith(one.id)
