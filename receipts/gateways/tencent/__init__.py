"""The gateway of Tencent Chat: the three server calls that group read receipts have.

``MsgSeq`` is a message's id here: it grows in its group, as theirs does, but does not begin at 1.
``GroupId`` is the conversation's ``external_id`` or, where it has none, its id.
"""
