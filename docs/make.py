"""The documents that are made: the causal graph, its overview, and the codebook."""

from pathlib import Path

from sarcoid_epi.documenting import documents
from sarcoid_epi.files import write_text

for name, text in documents().items():
    print(write_text(Path(__file__).parent / name, text))
