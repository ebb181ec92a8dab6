"""The gateway of Agora Chat and Easemob: the readers of a group's message, with their answers.

Any organisation and app in the address is accepted: one Seenby serves one. A group is a
conversation, named by its ``external_id`` or, if it has none, its id.
"""
