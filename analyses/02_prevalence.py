"""How common are organ involvement, osseous disease on record and hypercalcaemia among new patients?"""

from pathlib import Path

from sarcoid_epi import api

REPORTS = Path(__file__).parents[1] / "reports"

print(api.report(out=REPORTS / "02_prevalence", design="incident_clinic", size=10_000, seed=2026))
