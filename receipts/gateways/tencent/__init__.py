"""The gateway of Tencent Chat: its three server calls for group read receipts.

``MsgSeq`` is a message's id here: it grows within its group, as theirs does, but does not start
at 1. A message's name may be given instead, as text: ``"ext:order-7"``. ``GroupId`` is the
conversation's ``external_id`` or, if it has none, its id.
"""
