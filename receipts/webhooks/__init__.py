"""Events, delivered to the backends that subscribed to them (docs/webhooks.md).

``endpoints`` registers and changes them. ``addresses`` decides where events may be sent,
``offering`` what is sent next, ``signing`` how a receiver recognises it, ``posting`` how it is sent
(and ``connections`` what stays open after that), ``delivering`` records the result, and ``working``
chooses whose turn it is.
"""
