"""The vendors' own clients, as published, against a running Seenby: `make test-clients`.

Each vendor has a folder. They share ``server`` (processes and databases of Seenby), ``flows`` with
``node`` and ``pages`` (where JavaScript runs), and for the scripts ``common.cjs``.
"""
