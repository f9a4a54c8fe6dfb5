"""The small synthetic cohort that ships: 2 000 patients of the default world in tertiary records."""

from pathlib import Path

from sarcoid_epi import api

out = Path(__file__).parent / "tertiary_2000"
api.generate(world="evidence", design="tertiary_records", size=2_000, seed=2026, out=out, csv=True)
print(out)
