"""A CloudWatch alarm as a check: OK passes, ALARM fails, INSUFFICIENT_DATA or no alarm is inconclusive."""

from collections.abc import Mapping
from typing import Any

from pipeline.domain.promotion.work import CheckVerdict
from pipeline.domain.settings import Check


def check_alarm(
    check: Check, stack: str, aws: Mapping[str, str], outputs: Mapping[str, Any]
) -> tuple[CheckVerdict, str]:
    """The state of the alarm `name`, in which `{stack}` and outputs may stand, in the stack's region."""
    import boto3
    from botocore.config import Config
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        name = check.name.format(**{"stack": stack, **outputs})
    except (KeyError, IndexError, ValueError) as error:
        return CheckVerdict.INCONCLUSIVE, f"{check.name} names an output that the stack does not have ({error})"
    session = boto3.Session(
        aws_access_key_id=aws.get("AWS_ACCESS_KEY_ID"),
        aws_secret_access_key=aws.get("AWS_SECRET_ACCESS_KEY"),
        aws_session_token=aws.get("AWS_SESSION_TOKEN"),
        region_name=str(outputs.get("region") or aws.get("AWS_REGION") or "us-east-1"),
    )
    limits = Config(connect_timeout=5, read_timeout=10, retries={"total_max_attempts": 2})
    client = session.client("cloudwatch", endpoint_url=aws.get("AWS_ENDPOINT_URL"), config=limits)
    try:
        alarms = client.describe_alarms(AlarmNames=[name])["MetricAlarms"]
    except (BotoCoreError, ClientError) as error:
        return CheckVerdict.INCONCLUSIVE, f"alarm {name} could not be read: {error}"
    if not alarms:
        return CheckVerdict.INCONCLUSIVE, f"there is no alarm {name}"
    state = alarms[0]["StateValue"]
    if state == "OK":
        return CheckVerdict.PASSED, ""
    if state == "ALARM":
        return CheckVerdict.FAILED, f"alarm {name} is in ALARM: {alarms[0].get('StateReason', '')}"
    return CheckVerdict.INCONCLUSIVE, f"alarm {name} is {state}"
