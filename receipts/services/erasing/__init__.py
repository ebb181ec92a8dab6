"""Forgetting a user, and deleting a conversation: at once for everybody, and then row by row.

The first transaction (``people``, ``conversations``) makes what is erased disappear and writes an
``Erasure``. ``running`` then does its steps (``user_steps``, ``conversation_steps``) in batches of
at most ``BATCH_ROWS`` rows, each in its own transaction, so no lock is held longer than a batch.
An erasure that was stopped continues where it was: by repeating the request, or with
``manage.py erase``.
"""
