"""The gateway of Agora Chat and Easemob: who has read a group's message, with what they answered.

Any organisation and app in the address will do: one Seenby serves one. A group is a conversation,
by its ``external_id`` or, where it has none, its id.
"""
