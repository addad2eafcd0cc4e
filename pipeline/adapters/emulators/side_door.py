"""What modferry asks of its own moto besides AWS: which one it is, which credentials it gave out before, and to make
an account as it was on its first day.

An emptied account's key stays, and no other account notices. A part of a test run that leaves its account like this
leaves it to the next one, with the provider process that is configured for it: names are free again, nothing that AWS
keeps for a while (terminated instances, keys that wait for their end) is there.
"""

from collections.abc import Callable, Iterable
from typing import Any

from pipeline.adapters.emulators.shortcuts import account_of
from pipeline.adapters.emulators.turns import Application

VERSION, KEYS, EMPTY = "/modferry/version", "/modferry/keys/", "/modferry/empty/"
"""GET, GET with a role's ARN behind it, POST with an access key behind it. AWS and moto have no such paths."""


def with_side_door(application: Application, version: str) -> Application:
    """The application, and these requests. To be asked in turns: nobody else may be in a backend meanwhile."""

    def serve(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        path, method = environ.get("PATH_INFO", ""), environ.get("REQUEST_METHOD")
        if method == "GET" and path == VERSION:
            status, body = "200 OK", version.encode()
        elif method == "GET" and path.startswith(KEYS):
            found = keys_of(path.removeprefix(KEYS))
            status, body = "200 OK" if found else "404 NOT FOUND", " ".join(found).encode()
        elif method == "POST" and path.startswith(EMPTY):
            status, body = "200 OK" if empty(path.removeprefix(EMPTY)) else "404 NOT FOUND", b""
        else:
            return application(environ, start_response)
        start_response(status, [("Content-Type", "text/plain"), ("Content-Length", str(len(body)))])
        return [body]

    return serve


def keys_of(role: str) -> tuple[str, ...]:
    """Access key, secret and token that were first given to who assumed this role; () where nobody has.

    Whoever comes again to an account of an emulator is so the one who was there before, and finds the provider process
    that is configured for it.
    """
    from moto.sts.models import sts_backends

    account = role.split(":")[4] if role.count(":") > 4 else ""
    parts = sts_backends[account].values() if account in sts_backends else ()
    assumed = next((one for part in parts for one in part.assumed_roles if one.role_arn == role), None)
    return (assumed.access_key_id, assumed.secret_access_key, assumed.session_token) if assumed else ()


def empty(key: str) -> bool:
    """Empty the account of an access key; False, and nothing done, where no account has it."""
    from moto.core.base_backend import BackendDict, backend_lock
    from moto.iam.models import iam_backends
    from moto.s3.models import s3_backends
    from moto.sts.models import sts_backends

    account = account_of(key)
    kept = {name: part.access_keys[key] for name, part in iam_backends[account].items() if key in part.access_keys}
    if not kept:
        return False
    with backend_lock:
        for backends in BackendDict._instances:  # type: ignore[misc]
            if backends.service_name != "sts":
                backends.pop(account, None)
    for name, access in kept.items():
        iam_backends[account][name].access_keys[key] = access
    for part in sts_backends[account].values():
        part.assumed_roles = [role for role in part.assumed_roles if role.access_key_id == key]
    owners = s3_backends.bucket_accounts  # names of buckets are the whole world's
    for bucket in [name for name, (_, owner) in owners.items() if owner == account]:
        del owners[bucket]
    return True
