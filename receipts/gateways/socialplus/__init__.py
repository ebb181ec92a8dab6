"""The gateway of social.plus: the message and marker calls of its TypeScript SDK 6.35.3, and MQTT.

A feed (``messageFeedId``) and a channel (``channelId``) are a conversation, named by its
``external_id`` or, if it has none, its id. A message's ``segment`` is its time (``segments``).
Ids of users are usernames, but ``creatorId``, by which the SDK finds a message's counts, is our
internal id.

Of the live half, ``live`` is a client's session, ``events`` what is pushed to it, ``topics`` what
it may name, and ``packets`` and ``packet_reader`` are MQTT.
"""
