"""What moto has not implemented answers 400 NotImplementedByEmulator, at once.

Provider: every call. moto raises NotImplementedError, its server answers 500, and the AWS SDK repeats a 500 up
to 25 times: minutes of silence. A 4xx that is no throttling is not repeated (AWS SDKs and Tools Reference Guide,
"Retry behavior"). Needed on moto 5.2.5; may go when moto answers unknown operations with a 4xx.
"""

from typing import Any

from moto.core.exceptions import ServiceException
from moto.core.responses import ActionResult, BaseResponse

CODE = "NotImplementedByEmulator"


class NotImplementedByEmulatorError(ServiceException):
    """Serialized by moto in the protocol of the service that was asked."""

    code = CODE


def apply() -> None:
    """Wrap the one place where moto calls an operation."""
    original = BaseResponse.call_action

    def call_action(self: Any) -> Any:
        try:
            return original(self)
        except NotImplementedError:
            service = type(self).__module__.split(".")[1]
            error = NotImplementedByEmulatorError(f"moto has no {service} {self._get_action()}")
            return self.serialized(ActionResult(error))

    BaseResponse.call_action = call_action
