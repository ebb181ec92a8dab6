"""Sendbird's Platform API (``/v3/…``), as its own SDKs call it.

Their words and ours: a group channel is a conversation, ``channel_url`` its ``external_id``;
``user_id`` is the username, ``nickname`` the display name; ``message_id`` is ours; ``Api-Token``
is a service key, which acts for the user that the body or the path names. What is decided about
times and about who may see which count stands in docs/decisions/0015.
"""
