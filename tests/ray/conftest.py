"""One cluster for all tests of a worker, for it takes a while to come up; and what a run on one machine makes."""

from collections.abc import Iterator

import pytest
from cluster import LocalCluster
from program import clipset, tree, write_list
from runs import Work, offline, rows, said, words


@pytest.fixture(scope="session")
def session_cluster() -> Iterator[LocalCluster]:
    with LocalCluster() as cluster:
        yield cluster


@pytest.fixture
def cluster(session_cluster: LocalCluster) -> LocalCluster:
    """Three nodes, whatever was done to them before."""
    session_cluster.mend()
    return session_cluster


@pytest.fixture(scope="session")
def work(tmp_path_factory) -> Work:
    folder = tmp_path_factory.mktemp("local")
    annotations = write_list(folder / "list.csv", rows(300))
    with offline() as youtube:
        ran = clipset(*words(annotations, folder / "out", youtube))
    assert ran.returncode == 0, ran.stderr
    return Work(annotations, tree(folder / "out"), said(folder / "out"))
