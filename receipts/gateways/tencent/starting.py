"""What a client asks for when it starts: profiles, groups, and how far others have read."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from django.db.models import Count, QuerySet

from chat.models import Conversation, ConversationKind, ConversationParticipant, User
from receipts.gateways.frame import conversation_name
from receipts.gateways.tencent.live_marks import direct_with
from receipts.gateways.tencent.messages import number_all
from receipts.gateways.tencent.read_times import read_times
from receipts.gateways.tencent.reading import bounded_number, objects_in, required_text, texts_in
from receipts.gateways.unixtime import unix_seconds
from receipts.reads.numbers import last_numbers, message_numbers
from receipts.reads.unread import unread_by_conversation
from receipts.rules.privacy import shown_to

#: Users, or groups, that one call asks for.
MOST_ASKED, MOST_GROUPS = 500, 200
ROLES = {"owner": "Owner", "admin": "Admin", "member": "Member"}


def profiles(user: User, body: Mapping[str, Any]) -> dict[str, Any]:
    """``portrait_get_all``: names and pictures of users with whom the caller takes part somewhere.

    Anybody else looks like somebody without a profile.
    """
    asked = objects_in("UserItem", body.get("UserItem"), MOST_ASKED)
    names = [required_text("To_Account", each.get("To_Account")) for each in asked]
    mine = ConversationParticipant.objects.filter(user=user, is_active=True)
    known = User.objects.filter(
        username__in=set(names),
        participations__conversation__in=mine.values("conversation"),
        participations__is_active=True,
    ).distinct()
    found = {each.username: each for each in (*known, user)}
    return {
        "UserProfileItem": [
            {"To_Account": name, "ProfileItem": _profile(found.get(name)), "ResultCode": 0}
            for name in names
        ]
    }


def _profile(user: User | None) -> list[dict[str, str]]:
    if user is None:
        return []
    return [
        {"Tag": "Tag_Profile_IM_Nick", "Value": user.get_full_name()},
        {"Tag": "Tag_Profile_IM_Image", "Value": user.avatar_url},
    ]


def groups(user: User, body: Mapping[str, Any]) -> dict[str, Any]:
    """``get_joined_group_list``: a page of the groups in which the caller takes part."""
    limit = bounded_number("Limit", body.get("Limit", MOST_GROUPS), 2**31)
    offset = bounded_number("Offset", body.get("Offset", 0), 2**31, least=0)
    mine = _groups_of(user)
    page = mine.order_by("pk")[offset : offset + min(limit, MOST_GROUPS)]
    return {"TotalCount": mine.count(), "GroupIdList": _shapes(user, page)}


def own_memberships(user: User, body: Mapping[str, Any]) -> dict[str, Any]:
    """``get_group_self_member_info``: some groups, with the caller's own part in them."""
    names = texts_in("GroupIdList", body.get("GroupIdList"), MOST_GROUPS)
    named = _groups_of(user).filter(external_id__in=names)
    numbers = [int(name) for name in names if name.isascii() and name.isdigit() and len(name) < 19]
    unnamed = _groups_of(user).filter(pk__in=numbers, external_id=None)
    return {"GroupInfo": [{**each, "ErrorCode": 0} for each in _shapes(user, named | unnamed)]}


def peer_read_times(user: User, body: Mapping[str, Any]) -> dict[str, Any]:
    """``get_peer_read_time``: the second up to which each of some people has read; or 0."""
    names = texts_in("To_Account", body.get("To_Account"), MOST_ASKED)
    found: dict[str, int] = {}
    if shown_to(user).reads:
        others = direct_with(user, names)
        for (conversation, reader), time in read_times(others).items():
            if reader != user.pk:
                name = others[conversation]
                found[name] = max(time, found.get(name, 0))
    return {"ReadTime": [found.get(name, 0) for name in names]}


def _groups_of(user: User) -> QuerySet[Conversation]:
    return Conversation.objects.joined_by(user.pk).filter(kind=ConversationKind.GROUP)


def _shapes(user: User, conversations: Iterable[Conversation]) -> list[dict[str, Any]]:
    """Groups as their member sees them, in a constant number of statements."""
    found = {each.pk: each for each in conversations}
    if not found:
        return []
    number_all(found)
    last, unread = last_numbers(found), unread_by_conversation(user.pk, found)
    first_unread = message_numbers(
        each["first_unread_message"] for each in unread.values() if each["first_unread_message"]
    )
    members = ConversationParticipant.objects.active().filter(conversation__in=found)
    sizes = dict(members.order_by().values_list("conversation").annotate(size=Count("pk")))
    own = {each.conversation_id: each for each in members.filter(user=user)}
    shapes = []
    for pk, group in found.items():
        newest, mine = last.get(pk, 0), own.get(pk)
        if mine is None:  # has left meanwhile
            continue
        first = unread[pk]["first_unread_message"] if pk in unread else None
        read_up_to = first_unread.get(first, newest + 1) - 1 if first else newest
        shapes.append(
            {
                **group_facts(pk, group.external_id, group.title),
                "NextMsgSeq": newest + 1,
                "MemberNum": sizes.get(pk, 0),
                "CreateTime": unix_seconds(group.created_at),
                "SelfInfo": {
                    "Role": ROLES[mine.role],
                    "MsgFlag": "AcceptAndNotify"
                    if mine.notifications_enabled
                    else "AcceptNotNotify",
                    "MsgSeq": read_up_to,
                    "JoinTime": unix_seconds(mine.joined_at),
                },
            }
        )
    return shapes


def group_facts(pk: int, external_id: str | None, title: str) -> dict[str, str]:
    """What every shape of a group has. Seenby has one type of groups; theirs has several."""
    name = conversation_name(external_id, pk)
    return {"GroupId": name, "Type": "Public", "Name": title or name, "FaceUrl": ""}
