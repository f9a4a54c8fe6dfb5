"""How well do intervals do at 0.5 to 15 %, and how many patients, scans or sources does a precision take?"""

from pathlib import Path

from sarcoid_epi import studying

STUDIES = Path(__file__).parents[1] / "reports" / "studies"

for name in ("interval_coverage", "study_planning"):
    print(studying.study_report(name, STUDIES / name))
