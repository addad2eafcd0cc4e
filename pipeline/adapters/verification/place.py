"""Where checks of one stack run: its names, its environment's credentials, its outputs, folders."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipeline.adapters.processes import base_environment

SECRETS = ("AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN")


@dataclass(frozen=True, kw_only=True)
class Place:
    """One stack after an apply. `folder` is the environment's, in the private copy; `scratch` may be written to;
    `checks` plans and returns the plan's check results (`terraform show -json`, key `checks`); `pytest` is given
    arguments and returns what to start."""

    environment: str
    stack: str
    folder: Path
    scratch: Path
    aws: Mapping[str, str]
    outputs: Mapping[str, Any]
    checks: Callable[[], list[dict[str, Any]]]
    pytest: Callable[..., tuple[str, ...]]

    @property
    def secrets(self) -> list[str]:
        """What must be in no message."""
        return [self.aws[name] for name in SECRETS if name in self.aws]

    def filled(self, text: str) -> str:
        """`text` with `{stack}`, `{environment}` and outputs in it. Raises MissingOutputError for another name."""
        try:
            return text.format(**{"stack": self.stack, "environment": self.environment, **self.outputs})
        except (KeyError, IndexError, ValueError, AttributeError) as error:
            raise MissingOutputError(f"{text} names an output that the stack does not have ({error})") from error

    def process_environment(self, more: Mapping[str, str]) -> dict[str, str]:
        """What a program of the environment is started with; its outputs lie in a JSON file."""
        told = self.scratch / "modferry-outputs.json"
        told.write_text(json.dumps(dict(self.outputs)))
        return base_environment(
            {
                **self.aws,
                **more,
                "MODFERRY_ENVIRONMENT": self.environment,
                "MODFERRY_STACK": self.stack,
                "MODFERRY_OUTPUTS": str(told),
            }
        )

    def client(self, service: str) -> Any:
        """A boto3 client in the stack's region (its output `region`, or the environment's)."""
        import boto3
        from botocore.config import Config

        session = boto3.Session(
            aws_access_key_id=self.aws.get("AWS_ACCESS_KEY_ID"),
            aws_secret_access_key=self.aws.get("AWS_SECRET_ACCESS_KEY"),
            aws_session_token=self.aws.get("AWS_SESSION_TOKEN"),
            region_name=str(self.outputs.get("region") or self.aws.get("AWS_REGION") or "us-east-1"),
        )
        limits = Config(connect_timeout=5, read_timeout=10, retries={"total_max_attempts": 2})
        return session.client(service, endpoint_url=self.aws.get("AWS_ENDPOINT_URL"), config=limits)


class MissingOutputError(Exception):
    """A check names what its stack does not have: it cannot be asked."""
