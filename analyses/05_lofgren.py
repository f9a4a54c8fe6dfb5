"""How do patients with Löfgren syndrome differ from others at diagnosis, and which differences are only definitions?"""

from pathlib import Path

from sarcoid_epi import api

REPORTS = Path(__file__).parents[1] / "reports"

print(api.lofgren_report(REPORTS / "05_lofgren", "Löfgren syndrome against the rest", question=__doc__))
