"""A real AWS account as a target: nothing is started, nothing is emulated, the credentials are the user's."""

from collections.abc import Mapping

from pipeline.adapters.emulators.base import DEFAULT_REGION, Emulator
from pipeline.errors import UsageError

ANYWHERE_ELSE = ("AWS_ENDPOINT_URL",)
"""With one of these set, "the account" would be something else."""


class Account(Emulator):
    """The user's own account; `environment` takes his AWS_* variables as they are."""

    name = "account"
    endpoint = ""

    def __init__(self, environ: Mapping[str, str]) -> None:
        for name in environ:
            if name.startswith(ANYWHERE_ELSE) and environ[name]:
                raise UsageError(f"{name} is set, so this would not be a real account.", remedy=f"unset {name}")
        self._aws = {name: value for name, value in environ.items() if name.startswith("AWS_")}

    def environment(self, account: str, region: str = DEFAULT_REGION) -> dict[str, str]:  # noqa: ARG002
        """The user's variables, with the region of the test. Which account they lead to is AWS's to say.

        `account` is not chosen here: whoever leases sandbox accounts gives the credentials of that account.
        """
        return {**self._aws, "AWS_REGION": region, "AWS_DEFAULT_REGION": region}

    def unsupported(self, text: str) -> str | None:  # noqa: ARG002
        """AWS has no gaps: each error is one."""
        return None

    def end(self) -> None:
        """Nothing was started."""


def connect_account(environ: Mapping[str, str]) -> Account:
    """The account that the user's environment leads to."""
    return Account(environ)
