"""Runs in the SDK's environment, without ours: calls it as its input says, a JSON line each.

``{"call": "send_a_message", "with": {…}, "body": ["SendAMessageRequest", {…}]}`` answers
``{"answer": …}`` as the SDK's own models took it, ``{"refused": status, "error": …}``, or
``{"broken": …}`` where the SDK itself would not have the reply, or the call.
"""

from __future__ import annotations

import importlib
import json
import re
import sys
from typing import Any

import sendbird_platform_sdk
from sendbird_platform_sdk.model_utils import model_to_dict

APIS = ("user_api.UserApi", "group_channel_api.GroupChannelApi", "message_api.MessageApi")


def words(name: str) -> str:
    """``SendAMessageRequest`` as a module and an argument are called."""
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()


def model(name: str, fields: dict[str, Any]) -> Any:
    """One of the SDK's models; a nested one is a list of its name and its fields."""
    kind = getattr(importlib.import_module(f"sendbird_platform_sdk.model.{words(name)}"), name)
    return kind(**{field: _value(value) for field, value in fields.items()})


def _value(value: Any) -> Any:
    if isinstance(value, list) and len(value) == 2 and isinstance(value[1], dict):
        return model(*value)
    return [_value(each) for each in value] if isinstance(value, list) else value


class Sdk:
    """Its calls, by their names, over all of its APIs."""

    def __init__(self, address: str, key: str) -> None:
        configuration = sendbird_platform_sdk.Configuration(host=address)
        client = sendbird_platform_sdk.ApiClient(configuration)
        self.key = key
        self.apis = []
        for each in APIS:
            module, name = each.split(".")
            found = importlib.import_module(f"sendbird_platform_sdk.api.{module}")
            self.apis.append(getattr(found, name)(client))

    def __call__(self, job: dict[str, Any]) -> dict[str, Any]:
        try:
            arguments = {"api_token": self.key, **job["with"]}
            if job["body"]:
                arguments[words(job["body"][0])] = model(*job["body"])
            [call] = [getattr(api, job["call"]) for api in self.apis if hasattr(api, job["call"])]
            answer = call(**arguments)
            return {"answer": model_to_dict(answer) if hasattr(answer, "_data_store") else answer}
        except sendbird_platform_sdk.ApiException as error:
            return {"refused": error.status, "error": json.loads(error.body)}
        except Exception as error:
            return {"broken": f"{type(error).__name__}: {error}"}


if __name__ == "__main__":
    sdk = Sdk(*sys.argv[1:])
    for line in sys.stdin:
        print(json.dumps(sdk(json.loads(line)), default=str), flush=True)
