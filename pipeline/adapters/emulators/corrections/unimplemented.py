"""What moto has not implemented: refused at once, by name."""

from typing import Any

from moto.core.responses import ActionResult, BaseResponse

from pipeline.adapters.emulators.corrections.patching import AnswerError, wrap

CODE = "NotImplementedByEmulator"


def unimplemented_operations() -> None:
    """An operation that moto lacks answers 400 NotImplementedByEmulator.

    Provider: every call. moto raises NotImplementedError, its server answers 500, and the SDK repeats a 500 up
    to 25 times: minutes of silence.
    AWS: SDKs and Tools Reference Guide, "Retry behavior": a 4xx that is no throttling is not repeated.
    Until: needed on 5.2.5; ends when moto answers unknown operations with a 4xx.
    """

    def call_action(original: Any, self: Any) -> Any:
        try:
            return original(self)
        except NotImplementedError:
            service = type(self).__module__.split(".")[1]
            error = AnswerError(CODE, f"moto has no {service} {self._get_action()}")
            return self.serialized(ActionResult(error))

    wrap(BaseResponse, "call_action", call_action)


CORRECTIONS = (unimplemented_operations,)
