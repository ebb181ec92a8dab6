"""Events, delivered to the backends that subscribed to them (docs/webhooks.md).

``endpoints`` registers and changes them. ``addresses`` decides where events may be sent,
``offering`` what is sent next, ``posting`` how (and ``hurrying`` for how long), ``delivering``
records the result, and ``working`` chooses whose turn it is.
"""
