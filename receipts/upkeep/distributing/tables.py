"""Which tables lie where."""

from __future__ import annotations

from django.apps import apps
from django.db.migrations.recorder import MigrationRecorder

from chat.models import (
    Conversation,
    ConversationName,
    ConversationParticipant,
    Departure,
    Message,
    MessageName,
    MessageNumber,
    Thread,
    ThreadFollower,
    User,
)
from receipts.models import (
    HistoryMember,
    HistoryPosition,
    HistoryStay,
    MemberPosition,
    MessageStatus,
    PrivateStretch,
    ReceiptEvent,
)

#: On every node: users, and the names that are unique over all conversations.
ON_EVERY_NODE = [model._meta.db_table for model in (User, MessageName, ConversationName)]
CONVERSATIONS = Conversation._meta.db_table
#: Distributed, each with the column that names the conversation. Conversations come first.
BY_CONVERSATION = {CONVERSATIONS: "id"} | {
    model._meta.db_table: "conversation_id"
    for model in (
        ConversationParticipant,
        Departure,
        Message,
        MessageNumber,
        Thread,
        ThreadFollower,
        MessageStatus,
        ReceiptEvent,
        HistoryStay,
        HistoryMember,
        HistoryPosition,
        MemberPosition,
        PrivateStretch,
    )
}


def tables_of_project() -> set[str]:
    """All tables of the models of this project and of what it is built with."""
    models = apps.get_models(include_auto_created=True)
    return {model._meta.db_table for model in models}


def tables_of_coordinator() -> list[str]:
    """The tables that lie on the coordinator, where the other nodes find them."""
    migrations = MigrationRecorder.Migration._meta.db_table
    return sorted((tables_of_project() | {migrations}) - {*ON_EVERY_NODE, *BY_CONVERSATION})
