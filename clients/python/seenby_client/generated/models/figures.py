from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

if TYPE_CHECKING:
    from ..models.spread import Spread


T = TypeVar("T", bound="Figures")


@_attrs_define
class Figures:
    """How many messages and recipients, how many of these got and read them, and how fast.

    Attributes:
        messages (int):
        recipients (int):
        delivered (int):
        read (int):
        delivered_rate (float | None):
        read_rate (float | None):
        seconds_to_delivered (Spread): Seconds since sending, over recipients; null if there is no time to measure.

            A delivery that only a read tells of has none: when it was is not known. Exact, or within
            1 % where days of the range have been summed up.
        seconds_to_read (Spread): Seconds since sending, over recipients; null if there is no time to measure.

            A delivery that only a read tells of has none: when it was is not known. Exact, or within
            1 % where days of the range have been summed up.
    """

    messages: int
    recipients: int
    delivered: int
    read: int
    delivered_rate: float | None
    read_rate: float | None
    seconds_to_delivered: Spread
    seconds_to_read: Spread
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        messages = self.messages

        recipients = self.recipients

        delivered = self.delivered

        read = self.read

        delivered_rate: float | None
        delivered_rate = self.delivered_rate

        read_rate: float | None
        read_rate = self.read_rate

        seconds_to_delivered = self.seconds_to_delivered.to_dict()

        seconds_to_read = self.seconds_to_read.to_dict()

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "messages": messages,
                "recipients": recipients,
                "delivered": delivered,
                "read": read,
                "delivered_rate": delivered_rate,
                "read_rate": read_rate,
                "seconds_to_delivered": seconds_to_delivered,
                "seconds_to_read": seconds_to_read,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.spread import Spread  # noqa: PLC0415

        d = dict(src_dict)
        messages = d.pop("messages")

        recipients = d.pop("recipients")

        delivered = d.pop("delivered")

        read = d.pop("read")

        def _parse_delivered_rate(data: object) -> float | None:
            if data is None:
                return data
            return cast(float | None, data)

        delivered_rate = _parse_delivered_rate(d.pop("delivered_rate"))

        def _parse_read_rate(data: object) -> float | None:
            if data is None:
                return data
            return cast(float | None, data)

        read_rate = _parse_read_rate(d.pop("read_rate"))

        seconds_to_delivered = Spread.from_dict(d.pop("seconds_to_delivered"))

        seconds_to_read = Spread.from_dict(d.pop("seconds_to_read"))

        figures = cls(
            messages=messages,
            recipients=recipients,
            delivered=delivered,
            read=read,
            delivered_rate=delivered_rate,
            read_rate=read_rate,
            seconds_to_delivered=seconds_to_delivered,
            seconds_to_read=seconds_to_read,
        )

        figures.additional_properties = d
        return figures

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
