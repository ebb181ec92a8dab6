from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from attrs import define as _attrs_define
from attrs import field as _attrs_field

if TYPE_CHECKING:
    from ..models.figures import Figures
    from ..models.insights_day import InsightsDay


T = TypeVar("T", bound="Insights")


@_attrs_define
class Insights:
    """Figures of a range of UTC days, in total and by day; days without messages are omitted.

    Attributes:
        to (datetime.date):
        total (Figures): How many messages and recipients, how many of these got and read them, and how fast.
        days (list[InsightsDay]):
        from_ (datetime.date):
    """

    to: datetime.date
    total: Figures
    days: list[InsightsDay]
    from_: datetime.date
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        to = self.to.isoformat()

        total = self.total.to_dict()

        days = []
        for days_item_data in self.days:
            days_item = days_item_data.to_dict()
            days.append(days_item)

        from_ = self.from_.isoformat()

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "to": to,
                "total": total,
                "days": days,
                "from": from_,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.figures import Figures  # noqa: PLC0415
        from ..models.insights_day import InsightsDay  # noqa: PLC0415

        d = dict(src_dict)
        to = datetime.date.fromisoformat(d.pop("to"))

        total = Figures.from_dict(d.pop("total"))

        days = []
        _days = d.pop("days")
        for days_item_data in _days:
            days_item = InsightsDay.from_dict(days_item_data)

            days.append(days_item)

        from_ = datetime.date.fromisoformat(d.pop("from"))

        insights = cls(
            to=to,
            total=total,
            days=days,
            from_=from_,
        )

        insights.additional_properties = d
        return insights

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
