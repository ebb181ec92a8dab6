"""The gateway of Tencent Chat: its server calls for group read receipts, and its web SDKs, live.

``MsgSeq`` of a group's message is its number there (rule 28), for backends and devices alike. A
backend may give a message's name instead, as text: ``"ext:order-7"``. ``GroupId`` is the
conversation's ``external_id`` or, if it has none, its id.
"""
