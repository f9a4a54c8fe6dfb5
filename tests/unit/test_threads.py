"""Linear algebra in reports: one thread, whatever the machine has."""

import scipy.linalg
from threadpoolctl import threadpool_info, threadpool_limits

from sarcoid_epi import api
from sarcoid_epi.threads import one_thread


def counted():
    """Threads of each library of linear algebra that is loaded."""
    return [library["num_threads"] for library in threadpool_info() if library["user_api"] == "blas"]


def test_work_has_one_thread_and_leaves_what_it_found():
    assert scipy.linalg.__name__  # loaded, and counted
    for threads in (1, 2):
        with threadpool_limits(threads):
            before = counted()
            assert before == [threads] * len(before) != []
            assert set(one_thread()(counted)()) == {1}
            assert counted() == before


def test_reports_and_answers_have_one_thread():
    ours = [getattr(api, name) for name in api.__all__ if name.endswith("report") or name in ("answer", "synthesise")]
    assert len(ours) == 9
    assert all(one.__code__ is one_thread()(print).__code__ for one in ours)
