"""An S3 on this machine, for every folder of tests; and who runs which of them."""

import http.client
import itertools
import os
import secrets
from collections.abc import Iterator

import pytest
from xdist.scheduler import LoadFileScheduling

from s3proxy import Proxy

# whoever may talk to Ray may run anything here: only who knows this may; Ray reads it when it is loaded
os.environ |= {"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": secrets.token_hex(32)}
_NUMBERS = itertools.count(1)
_ON_A_CLUSTER = ("tests/ray/", "tests/contracts/test_engine_contract.py")  # a cluster takes a while to come up


class OneCluster(LoadFileScheduling):
    """A file's tests to one worker, and those on a cluster together to one."""

    def _split_scope(self, nodeid: str) -> str:
        return "cluster" if nodeid.startswith(_ON_A_CLUSTER) else super()._split_scope(nodeid)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config, log):
    return OneCluster(config, log) if config.getoption("dist") == "loadfile" else None


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """One more than cores: the one with the cluster mostly waits."""
    return (os.cpu_count() or 1) + 1


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What mostly waits goes first, beside what computes."""
    items.sort(key=lambda item: not item.nodeid.startswith(_ON_A_CLUSTER))


@pytest.fixture(scope="session")
def moto() -> Iterator[tuple[str, int]]:
    """Where moto's S3 answers."""
    from moto.server import ThreadedMotoServer  # noqa: PLC0415 - half a second that most tests need not spend

    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    yield server.get_host_and_port()
    server.stop()


@pytest.fixture
def s3(moto: tuple[str, int], monkeypatch: pytest.MonkeyPatch) -> Iterator[Proxy]:
    """A proxy to S3 that the environment names as the endpoint, with credentials. No bucket is there."""
    for name in [name for name in os.environ if name.startswith(("AWS_", "FSSPEC_"))]:
        monkeypatch.delenv(name)
    with Proxy(moto).running() as proxy:
        settings = {"ACCESS_KEY_ID": "key", "SECRET_ACCESS_KEY": "secret", "DEFAULT_REGION": "us-east-1"}
        # the address of a cloud's metadata is not to be asked
        settings |= {"ENDPOINT_URL": proxy.origin, "EC2_METADATA_DISABLED": "true", "CONFIG_FILE": os.devnull}
        for name, value in (settings | {"SHARED_CREDENTIALS_FILE": os.devnull}).items():
            monkeypatch.setenv(f"AWS_{name}", value)
        yield proxy


@pytest.fixture
def bucket(s3: Proxy, moto: tuple[str, int]) -> str:
    """The name of a new bucket."""
    name = f"clips-{os.getpid()}-{next(_NUMBERS)}"
    connection = http.client.HTTPConnection(*moto, timeout=30)
    connection.request("PUT", f"/{name}", headers={"Authorization": "AWS4-HMAC-SHA256 Credential=key/x/us-east-1/s3/"})
    assert connection.getresponse().status == 200
    connection.close()
    return name
