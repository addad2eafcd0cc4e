"""Clients of an emulator that are made once, for all its accounts.

Promise: one client for each (service, region, endpoint), since to make one costs as much processor time as dozens of
its calls. Each call is signed with the credentials of the account that `acting_as` names around it, in the thread
that makes the call; where none is named the call is refused (NobodyError), never signed with somebody else's.
A new thread knows of no account: give it a copy of the caller's context (`contextvars.copy_context`).
"""

import contextlib
import threading
from collections.abc import Iterable, Iterator, Mapping
from contextvars import ContextVar
from typing import Any

from pipeline.adapters.botocore_data import read_models
from pipeline.adapters.collected import kept

_ACCOUNT: ContextVar[Mapping[str, str] | None] = ContextVar("_ACCOUNT", default=None)
CONNECTIONS = 64
"""Kept open by one client at most: eight threads a snapshot, one snapshot a lane."""


class NobodyError(Exception):
    """A call was made outside of `acting_as`."""


@contextlib.contextmanager
def acting_as(aws: Mapping[str, str]) -> Iterator[None]:
    """Calls in this context are of the account with this AWS environment."""
    before = _ACCOUNT.set(aws)
    try:
        yield
    finally:
        _ACCOUNT.reset(before)


class SharedClients:
    """Makes and keeps clients; safe to call from several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._session: Any = None
        self._made: dict[tuple[str, str, str], Any] = {}

    def get(self, service: str, region: str, endpoint: str) -> Any:
        """The botocore client of a service; its methods are those of boto3's."""
        key = (service, region, endpoint)
        with self._lock:  # botocore makes no clients in several threads at once
            if key not in self._made:
                with kept():
                    self._made[key] = self._make(*key)
            return self._made[key]

    def read(self, services: Iterable[str]) -> None:
        """Read what clients of these services are made from: two thirds of what the first ones cost."""
        with self._lock, kept():
            self._session = self._session or _session()
            read_models(self._session.get_component("data_loader"), services)

    def _make(self, service: str, region: str, endpoint: str) -> Any:
        from botocore.config import Config

        if self._session is None:
            self._session = _session()
        config = Config(max_pool_connections=CONNECTIONS)
        return self._session.create_client(service, region_name=region, endpoint_url=endpoint, config=config)


def _session() -> Any:
    from botocore.credentials import CredentialProvider, CredentialResolver, Credentials, ReadOnlyCredentials
    from botocore.session import Session

    class OfTheCaller(Credentials):  # type: ignore[misc]
        """What a signer asks for keys before each request; the keys given here are in no request."""

        def get_frozen_credentials(self) -> Any:
            aws = _ACCOUNT.get()
            if aws is None:
                raise NobodyError("an AWS call without an account to make it as")
            token = aws.get("AWS_SESSION_TOKEN")
            return ReadOnlyCredentials(aws["AWS_ACCESS_KEY_ID"], aws["AWS_SECRET_ACCESS_KEY"], token, None)

    class Provider(CredentialProvider):  # type: ignore[misc]
        """The only place where the session looks for credentials."""

        METHOD = "explicit"

        def load(self) -> Any:
            return OfTheCaller("nobody", "nobody")

    session = Session()
    session.register_component("credential_provider", CredentialResolver([Provider()]))
    return session
