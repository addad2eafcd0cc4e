"""What an emulator (or a real account) is to the rest: a name, an endpoint, credentials, known gaps, an end."""

import os
import socket
from abc import ABC, abstractmethod
from collections.abc import Mapping
from urllib.parse import urlsplit

from pipeline.adapters.emulators import gaps

DEFAULT_ACCOUNT = "123456789012"
DEFAULT_REGION = "us-east-1"


class Emulator(ABC):
    """A target of test runs."""

    name: str
    endpoint: str
    first_account: int = 1
    """The number of the first account of a run; the next ones count up from it."""

    @abstractmethod
    def environment(self, account: str, region: str = DEFAULT_REGION) -> dict[str, str]:
        """The whole AWS_* environment for Terraform and boto3 in a (12-digit) account.

        The same account gives the same credentials each time: warm providers are told apart by them.
        """

    def unsupported(self, text: str) -> str | None:
        """The sentence that names the emulator's gap behind an error text of Terraform or boto3; None: no gap."""
        return gaps.explain(self.name, text)

    def empty(self, aws: Mapping[str, str]) -> bool:  # noqa: ARG002 - for those that can
        """Make an account as it was when it was new, where the emulator can do that; whether it is."""
        return False

    def answers(self) -> bool:
        """Whether something listens at its address; a real account is taken to."""
        address = urlsplit(self.endpoint)
        if not address.hostname:
            return True
        try:
            with socket.create_connection((address.hostname, address.port or 80), timeout=10):
                return True
        except OSError:
            return False

    @abstractmethod
    def end(self) -> None:
        """End what was started for it; safe to call twice."""


def aws_environment(endpoint: str, region: str, *, key: str, secret: str, token: str = "") -> dict[str, str]:
    """Credentials and an endpoint, and nothing of the user's own AWS configuration.

    The endpoint must be named by IP: then S3 needs no path style, in the provider and in boto3.
    """
    return {
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_ACCESS_KEY_ID": key,
        "AWS_SECRET_ACCESS_KEY": secret,
        **({"AWS_SESSION_TOKEN": token} if token else {}),
        "AWS_REGION": region,
        "AWS_DEFAULT_REGION": region,
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    }
