"""How wrong could we be, and what drives it? Studies of detection, of wrong beliefs and of referral."""

from pathlib import Path

from sarcoid_epi import studying

STUDIES = Path(__file__).parents[1] / "reports" / "studies"

for name in ("underdiagnosis_sensitivity", "misspecification", "lofgren_collider"):
    print(studying.study_report(name, STUDIES / name))
