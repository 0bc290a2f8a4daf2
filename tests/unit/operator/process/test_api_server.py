"""The proxy to the API server, as the environment names it."""

import pytest

from celery_operator.process.api_server import proxy_to

PROXY = "http://proxy.example:3128"
VARIABLES = ("HTTPS_PROXY", "HTTP_PROXY", "NO_PROXY", "ALL_PROXY")


@pytest.mark.parametrize(
    ("environment", "proxy"),
    [
        ({}, None),
        ({"HTTPS_PROXY": PROXY}, PROXY),
        ({"https_proxy": PROXY}, PROXY),
        ({"HTTP_PROXY": PROXY}, None),
        ({"HTTPS_PROXY": PROXY, "NO_PROXY": "other.example"}, PROXY),
        ({"HTTPS_PROXY": PROXY, "NO_PROXY": "other.example,api.example"}, None),
        ({"HTTPS_PROXY": PROXY, "NO_PROXY": "*"}, None),
    ],
)
def test_the_proxy_is_that_of_the_environment(
    monkeypatch: pytest.MonkeyPatch, environment: dict[str, str], proxy: str | None
) -> None:
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert proxy_to("https://api.example:6443") == proxy


@pytest.mark.parametrize(
    ("no_proxy", "server", "proxy"),
    [
        ("10.0.0.0/8,.svc", "https://10.96.0.1", None),
        ("172.16.0.0/12, 10.0.0.0/8", "https://10.96.0.1:443", None),
        ("10.0.0.0/8", "https://192.0.2.1", PROXY),
        ("10.96.0.1/24", "https://10.96.0.9", None),
        ("10.0.0.0/8", "https://[fd00::1]:6443", PROXY),
        ("fd00::/8", "https://[fd00::1]:6443", None),
        ("fd00::0:1", "https://[fd00::1]:6443", None),
        ("[fd00::1]", "https://[fd00::1]:6443", None),
        ("[fd00::1]:6443", "https://[fd00::1]:6443", None),
        ("10.96.0.1:443", "https://10.96.0.1", None),
        ("10.96.0.1:6443", "https://10.96.0.1", PROXY),
        ("api.example:6443", "https://api.example:6443", None),
        ("api.example:443", "https://api.example:6443", PROXY),
        ("10.0.0.0/99,[,api.example:x", "https://api.example", PROXY),
    ],
)
def test_the_servers_without_a_proxy_may_be_networks_and_have_ports(
    monkeypatch: pytest.MonkeyPatch, no_proxy: str, server: str, proxy: str | None
) -> None:
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)
    monkeypatch.setenv("HTTPS_PROXY", PROXY)
    monkeypatch.setenv("NO_PROXY", no_proxy)
    assert proxy_to(server) == proxy
