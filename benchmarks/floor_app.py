"""The floor: one open read of one message, written by hand, with nothing else.

What a skilled person would write for this one address: raw ASGI, asyncpg, one prepared statement.
It changes the row and the counts and writes both events, as ``POST /api/v1/messages/N/read/`` does.
It checks a token, but neither bodies, limits nor errors: it is a measure, not a service.
"""

from __future__ import annotations

import os
from typing import Any

import asyncpg
import jwt
import orjson

SECRET, ADDRESS = os.environ["FLOOR_SECRET"], os.environ["DATABASE_URL"]

READ = """
WITH reader AS (
    SELECT id FROM chat_user WHERE username = $2 AND is_active AND read_receipts_enabled
), changed AS MATERIALIZED (
    SELECT status.id, status.message_id, status.recipient_id, status.conversation_id,
           message.sender_id, status.delivered_at AS was_delivered_at, now() AS read_at,
           COALESCE(status.delivered_at, now()) AS delivered_at
      FROM reader
      JOIN receipts_messagestatus AS status
        ON status.message_id = $1 AND status.recipient_id = reader.id
      JOIN chat_message AS message ON message.id = status.message_id
     WHERE status.seen_at IS NULL AND status.withdrawn_at IS NULL AND message.deleted_at IS NULL
       AND EXISTS (SELECT 1 FROM chat_conversationparticipant AS participant
                    WHERE participant.conversation_id = status.conversation_id
                      AND participant.user_id = reader.id AND participant.is_active)
       FOR NO KEY UPDATE OF message, status
), counted AS (
    UPDATE chat_message AS message
       SET delivered_count = message.delivered_count
                             + CASE WHEN changed.was_delivered_at IS NULL THEN 1 ELSE 0 END,
           read_count = message.read_count + 1
      FROM changed WHERE message.id = changed.message_id
), stamped AS (
    UPDATE receipts_messagestatus AS status
       SET delivered_at = changed.delivered_at, seen_at = changed.read_at, read_at = changed.read_at
      FROM changed WHERE status.id = changed.id
), announced AS (
    INSERT INTO receipts_receiptevent (xid, kind, audience_id, conversation_id, actor_id, state,
                                       is_delivery, is_own_read, messages, message_count,
                                       first_message, marked_at, created_at)
    SELECT pg_current_xact_id()::text::bigint, 'receipt.updated', sender_id, conversation_id,
           recipient_id, 'read', was_delivered_at IS NULL, TRUE, jsonb_build_array(message_id), 1,
           message_id, read_at, now()
      FROM changed
)
SELECT delivered_at, read_at FROM changed"""

_pool: Any = None


async def application(scope: Any, receive: Any, send: Any) -> None:
    """Serve one mark, or the lifespan protocol."""
    global _pool
    if scope["type"] == "lifespan":
        while (await receive())["type"] != "lifespan.shutdown":
            _pool = await asyncpg.create_pool(ADDRESS, min_size=8, max_size=8)
            await send({"type": "lifespan.startup.complete"})
        await send({"type": "lifespan.shutdown.complete"})
        return
    if scope["path"] == "/":
        await _answer(send, b"{}")
        return
    while (await receive()).get("more_body"):
        pass
    token = next(value for name, value in scope["headers"] if name == b"authorization")[7:]
    claims = jwt.decode(token, SECRET, algorithms=["HS256"], audience="seenby", issuer="seenby")
    username = claims["sub"]
    row = await _pool.fetchrow(READ, int(scope["path"].split("/")[4]), username)
    delivered_at, read_at = row or (None, None)
    answer = {"user": username, "state": "read", "delivered_at": delivered_at, "read_at": read_at}
    await _answer(send, orjson.dumps(answer))


async def _answer(send: Any, body: bytes) -> None:
    length = b"%d" % len(body)
    headers = [(b"content-type", b"application/json"), (b"content-length", length)]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})
