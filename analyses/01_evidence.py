"""What did the literature print about bone in sarcoidosis, and what is wrong with it?"""

from pathlib import Path

from sarcoid_epi import api

REPORTS = Path(__file__).parents[1] / "reports"

print(api.evidence_report(REPORTS / "01_evidence", "What the literature printed", question=__doc__))
