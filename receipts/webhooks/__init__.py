"""Events, delivered to the backends that asked for them (docs/webhooks.md).

``addresses`` says where they may go, ``offering`` what is sent next, ``posting`` how (and
``hurrying`` for how long), ``delivering`` what becomes of it, and ``working`` whose turn it is.
"""
