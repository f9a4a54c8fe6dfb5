"""Tests look at the same examples every time: a failure is a change of the code, not of the dice."""

import os

# Several tests run at once, and of the many small matrices each takes far longer with more threads. Must stand before
# the libraries of linear algebra are loaded, which read it then; what more threads may not change has its own tests.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

from hypothesis import HealthCheck, settings

settings.register_profile("house", derandomize=True, deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("house")
