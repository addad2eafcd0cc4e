"""How each environment is reached: a real account with the caller's credentials, or an account of an emulator.

Fails closed: an environment whose account is named is never touched with credentials of another one, because
a plan against the wrong account would destroy or create everything.
"""

from collections.abc import Callable, Mapping
from functools import cache

from pipeline.domain.settings import Environment, Settings
from pipeline.errors import RefusedError, UsageError

EMULATOR = "MODFERRY_EMULATOR"
"""Where the emulator of the environments answers, as `modferry emulator start` prints it."""

PASSED_ON = ("AWS_", "SSL_CERT_")


def access_to(settings: Settings, environ: Mapping[str, str]) -> Callable[[str], Mapping[str, str]]:
    """Environment's name → its complete AWS environment, for Terraform and boto3."""

    @cache
    def aws(name: str) -> Mapping[str, str]:
        environment = settings.in_environment(name)
        if environment.target == "account":
            return _real(environment, environ)
        endpoint = environ.get(EMULATOR)
        if not endpoint:
            raise UsageError(
                f"The environment {name} is on {environment.target}, and {EMULATOR} names none that runs.",
                remedy="modferry emulator start (it prints what to export)",
            )
        return _emulated(environment, endpoint)

    return aws


def _emulated(environment: Environment, endpoint: str) -> Mapping[str, str]:
    account = environment.account or "123456789012"
    if environment.target == "localstack":
        from pipeline.adapters.emulators.base import aws_environment

        return aws_environment(endpoint, "us-east-1", key=account, secret="test")  # noqa: S106 - any word will do there
    from pipeline.adapters.emulators.moto import connect_moto

    return connect_moto(endpoint).environment(account)


def _real(environment: Environment, environ: Mapping[str, str]) -> Mapping[str, str]:
    passed = {k: v for k, v in environ.items() if k.startswith(PASSED_ON) and k != "AWS_CA_BUNDLE"}
    if environment.account:
        found = _caller(passed)
        if found != environment.account:
            raise RefusedError(
                f"These credentials are for account {found}; {environment.name} is {environment.account}.",
                remedy=f"assume the role of {environment.name} first",
            )
    return passed


def _caller(passed: Mapping[str, str]) -> str:
    """The account that the credentials belong to (STS GetCallerIdentity)."""
    import boto3

    session = boto3.Session(
        aws_access_key_id=passed.get("AWS_ACCESS_KEY_ID"),
        aws_secret_access_key=passed.get("AWS_SECRET_ACCESS_KEY"),
        aws_session_token=passed.get("AWS_SESSION_TOKEN"),
        region_name=passed.get("AWS_REGION") or passed.get("AWS_DEFAULT_REGION") or "us-east-1",
        profile_name=passed.get("AWS_PROFILE"),
    )
    return str(session.client("sts").get_caller_identity()["Account"])
