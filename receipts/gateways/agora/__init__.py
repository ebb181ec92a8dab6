"""The gateway of Agora Chat and Easemob, whose web clients speak one protocol.

Over HTTP (``urls``): a login by name and token, and the readers of a group's message. Over a
WebSocket (``live``): ``frames`` reads and writes what ``wire`` defines, ``requests`` does what
clients send, ``pushes`` makes entries of their queues from events of the feed, and ``outstanding``
knows what is confirmed.

Any organisation and app in the address is accepted: one Seenby serves one. A group is a
conversation, named by its ``external_id`` or, if it has none, its id.
"""
