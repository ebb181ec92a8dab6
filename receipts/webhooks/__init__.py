"""Events, delivered to the backends that asked for them (DESIGN §5).

``addresses`` says where they may go, ``posting`` how, ``delivering`` what becomes of it.
"""
