from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Any, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..models.webhook_kind import WebhookKind

T = TypeVar("T", bound="Webhook")


@_attrs_define
class Webhook:
    """A webhook, and the state of its deliveries.

    Attributes:
        id (int):
        url (str):
        kinds (list[WebhookKind]):
        is_active (bool):
        created_at (datetime.datetime):
        delivered_at (datetime.datetime | None):
        failures (int): Consecutive failures.
        failing_since (datetime.datetime | None):
        last_error (str):
        ping_at (datetime.datetime | None): When a ping was requested that has not been accepted yet.
        previous_secret_until (datetime.datetime | None): Until when the secret before this one signs, too.
    """

    id: int
    url: str
    kinds: list[WebhookKind]
    is_active: bool
    created_at: datetime.datetime
    delivered_at: datetime.datetime | None
    failures: int
    failing_since: datetime.datetime | None
    last_error: str
    ping_at: datetime.datetime | None
    previous_secret_until: datetime.datetime | None
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        id = self.id

        url = self.url

        kinds = []
        for kinds_item_data in self.kinds:
            kinds_item = kinds_item_data.value
            kinds.append(kinds_item)

        is_active = self.is_active

        created_at = self.created_at.isoformat()

        delivered_at: None | str
        if isinstance(self.delivered_at, datetime.datetime):
            delivered_at = self.delivered_at.isoformat()
        else:
            delivered_at = self.delivered_at

        failures = self.failures

        failing_since: None | str
        if isinstance(self.failing_since, datetime.datetime):
            failing_since = self.failing_since.isoformat()
        else:
            failing_since = self.failing_since

        last_error = self.last_error

        ping_at: None | str
        if isinstance(self.ping_at, datetime.datetime):
            ping_at = self.ping_at.isoformat()
        else:
            ping_at = self.ping_at

        previous_secret_until: None | str
        if isinstance(self.previous_secret_until, datetime.datetime):
            previous_secret_until = self.previous_secret_until.isoformat()
        else:
            previous_secret_until = self.previous_secret_until

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "id": id,
                "url": url,
                "kinds": kinds,
                "is_active": is_active,
                "created_at": created_at,
                "delivered_at": delivered_at,
                "failures": failures,
                "failing_since": failing_since,
                "last_error": last_error,
                "ping_at": ping_at,
                "previous_secret_until": previous_secret_until,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        id = d.pop("id")

        url = d.pop("url")

        kinds = []
        _kinds = d.pop("kinds")
        for kinds_item_data in _kinds:
            kinds_item = WebhookKind(kinds_item_data)

            kinds.append(kinds_item)

        is_active = d.pop("is_active")

        created_at = datetime.datetime.fromisoformat(d.pop("created_at"))

        def _parse_delivered_at(data: object) -> datetime.datetime | None:
            if data is None:
                return data
            try:
                if not isinstance(data, str):
                    raise TypeError()
                delivered_at_type_0 = datetime.datetime.fromisoformat(data)

                return delivered_at_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(datetime.datetime | None, data)

        delivered_at = _parse_delivered_at(d.pop("delivered_at"))

        failures = d.pop("failures")

        def _parse_failing_since(data: object) -> datetime.datetime | None:
            if data is None:
                return data
            try:
                if not isinstance(data, str):
                    raise TypeError()
                failing_since_type_0 = datetime.datetime.fromisoformat(data)

                return failing_since_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(datetime.datetime | None, data)

        failing_since = _parse_failing_since(d.pop("failing_since"))

        last_error = d.pop("last_error")

        def _parse_ping_at(data: object) -> datetime.datetime | None:
            if data is None:
                return data
            try:
                if not isinstance(data, str):
                    raise TypeError()
                ping_at_type_0 = datetime.datetime.fromisoformat(data)

                return ping_at_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(datetime.datetime | None, data)

        ping_at = _parse_ping_at(d.pop("ping_at"))

        def _parse_previous_secret_until(data: object) -> datetime.datetime | None:
            if data is None:
                return data
            try:
                if not isinstance(data, str):
                    raise TypeError()
                previous_secret_until_type_0 = datetime.datetime.fromisoformat(data)

                return previous_secret_until_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(datetime.datetime | None, data)

        previous_secret_until = _parse_previous_secret_until(d.pop("previous_secret_until"))

        webhook = cls(
            id=id,
            url=url,
            kinds=kinds,
            is_active=is_active,
            created_at=created_at,
            delivered_at=delivered_at,
            failures=failures,
            failing_since=failing_since,
            last_error=last_error,
            ping_at=ping_at,
            previous_secret_until=previous_secret_until,
        )

        webhook.additional_properties = d
        return webhook

    @property
    def additional_keys(self) -> list[str]:
        return list(self.additional_properties.keys())

    def __getitem__(self, key: str) -> Any:
        return self.additional_properties[key]

    def __setitem__(self, key: str, value: Any) -> None:
        self.additional_properties[key] = value

    def __delitem__(self, key: str) -> None:
        del self.additional_properties[key]

    def __contains__(self, key: str) -> bool:
        return key in self.additional_properties
