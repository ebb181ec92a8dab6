"""Events, delivered to the backends that subscribed to them (docs/webhooks.md).

``addresses`` checks where requests may go, ``offering`` chooses what is sent next, ``posting``
sends it (``hurrying`` limits the time), ``delivering`` records the result, ``working`` schedules.
"""
