"""The live feed: publishes events to the users and service accounts they concern.

``positions`` are cursors into the events, ``reading`` pages through events after one, ``event``
parses rows, ``telling`` builds what is published, ``hub`` keeps connections, ``stream`` is SSE.
"""
