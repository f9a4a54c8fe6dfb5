"""Who comes to remission, relapse, a new osseous record or death, and when?"""

from pathlib import Path

from sarcoid_epi import api

REPORTS = Path(__file__).parents[1] / "reports"

print(api.prognosis_report(REPORTS / "07_prognosis", "How it goes on", question=__doc__))
