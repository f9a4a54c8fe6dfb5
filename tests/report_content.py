"""A small report by hand: what the tests of the report room build from."""

from dataclasses import replace
from pathlib import Path

from sarcoid_epi.evidence import findings
from sarcoid_epi.report import Content, Exclusion, Hit, Ledger
from sarcoid_epi.results import Estimate, Estimates, Run

NAN = float("nan")
NASTY = '<b>&"quoted"</b> $x_1$'

FOREST = (
    "baughman2001.osseous",
    "kucharz2020.bone_prev_sparks_count",
    "kucharz2020.bone_prev_sparks_stated",
    "glanowski2018.osseous",
    "jansen2005.osseous_at_presentation",
    "jansen2005.osseous_follow_up",
    "demaria2020.osseous",
    "jmb_pet195.osseous",
)


def run(name: str, references: str = "wilson1927") -> Run:
    estimator = name.partition("-")[0]
    return Run(name, estimator, "what", f"Label of {estimator}", references, "counts of patients", "", NASTY, "0")


def share(run_name: str, term: str, events: float, n: float, group: str = "all") -> Estimate:
    p = events / n
    return Estimate(run_name, term, group, NAN, p, 0.01, max(0, p - 0.02), min(1, p + 0.02), 0.95, n, events, "")


def silent(run_name: str, term: str, note: str, group: str = "all") -> Estimate:
    return Estimate(run_name, term, group, NAN, NAN, NAN, NAN, NAN, 0.95, NAN, NAN, note)


def estimates() -> Estimates:
    mean = Estimate("means", "age_at_diagnosis", "all", NAN, 45.4, 1.4, 42.6, 48.2, 0.95, 90, NAN, "")
    pooled = share("pooled_prevalence-pet_series", "osseous_recorded", 49, 305)
    rows = (
        share("shares", "sex=female", 60, 100),
        share("shares", "sex=male", 40, 100),
        share("shares", f"centre={NASTY}", 40, 80),
        share("shares", "fever", 10, 95),
        mean,
        *(share("shares-by-sex", "fever", 5, n, f"sex={sex}") for sex, n in (("female", 60), ("male", 35))),
        share("organs", "lung", 95, 100),
        share("organs", "gut", 1, 100),
        silent("organs", "heart", "no column 'heart'"),
        *(share("organs-by-lofgren_broad", "lung", 40, 50, f"lofgren_broad={level}") for level in ("no", "yes")),
        share("recorded_osseous", "osseous_recorded", 3, 100),
        share("hypercalcaemia", "hypercalcaemia", 0, 80),
        share("corrected_prevalence-clinical", "osseous", 15, 100),
        replace(share("corrected_prevalence-vague", "osseous", 1, 100), estimate=-0.01, note="below zero"),
        pooled,
        replace(pooled, term="prediction", conf_low=0.02, conf_high=0.6),
        replace(pooled, term="tau", estimate=0.4),
    )
    return Estimates(rows, tuple(run(name) for name in dict.fromkeys(row.run for row in rows)))


def content() -> Content:
    return Content(
        title=f"A report on {NASTY}",
        question=NASTY,
        data=f"100 patients of {NASTY}.csv",
        estimates=estimates(),
        findings=findings(topic="osseous"),
        forest=FOREST,
        pooled_from=("demaria2020.osseous",),
        set_aside=(("mostard2012.osseous_or_marrow_of_scanned", "counts something else"),),
        flow=(Exclusion("asked", 120, 120), Exclusion(NASTY, 120, 100, "entry.share")),
        calibration=(
            Hit("lung", "organs.lung.share", "all patients", 0.95, 0.95 + 1e-9, "cited: baughman2001.osseous"),
        ),
        ledger=(
            Ledger("world", "osseous.true_prevalence", 0.12, "assumed", NASTY),
            Ledger("belief clinical", "sensitivity.value", 0.2, "cited", "baughman2001.osseous"),
        ),
        configuration={"size": "100"},
        inputs={"patients.csv": "0" * 64},
    )


def all_bytes(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
