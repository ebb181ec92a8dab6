"""Sendbird's Platform API (``/v3/…``), as its own SDKs call it.

Sendbird's terms and ours: a group channel is a conversation, ``channel_url`` its ``external_id``;
``user_id`` is the username, ``nickname`` the display name; ``message_id`` is our id; ``Api-Token``
is a service key, which acts for the user that the body or the path names. For times, and for who
may see which count, see docs/decisions/0015.
"""
