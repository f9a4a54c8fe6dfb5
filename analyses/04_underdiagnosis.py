"""How much osseous sarcoidosis does nobody see, and what can be said about what nobody looked for?"""

from pathlib import Path

from sarcoid_epi import api

REPORTS = Path(__file__).parents[1] / "reports"

print(api.undetected_report(REPORTS / "04_underdiagnosis", "From the record to the undetected", question=__doc__))
