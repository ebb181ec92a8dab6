"""Django's settings of the database, and what each of the two kinds needs."""

from __future__ import annotations

from pathlib import Path

from dj_database_url import DBConfig

from config.environment import make_folder


def tuned(database: DBConfig, *, prepare: str, pool_max: int) -> DBConfig:
    """The database of DATABASE_URL with the options of its kind."""
    if database["ENGINE"] == "django.db.backends.sqlite3":
        return {**database, **_sqlite(database["NAME"])}
    # PostgreSQL spends more time on planning a mark's statements than on running them. Those of
    # ``fetch_prepared`` are prepared once per connection; no others are. Where "auto"
    # finds a pooler, receipts/sql/pooler.py turns that off for the connection.
    options = {
        **database.get("OPTIONS", {}),
        "server_side_binding": prepare != "off",
        "prepare_threshold": 2**31 if prepare != "off" else None,
    }
    # They outlive a transaction, which behind a pooler no cursor does; nothing here needs them.
    kept: DBConfig = {"DISABLE_SERVER_SIDE_CURSORS": True, "OPTIONS": options}
    if pool_max:
        options["pool"] = {"min_size": 1, "max_size": pool_max, "timeout": 10}
    else:
        # Without CONN_HEALTH_CHECKS, a query of every request: receipts/sql/lasting.py needs none.
        kept["CONN_MAX_AGE"] = 60
    return {**database, **kept}


def _sqlite(name: str) -> DBConfig:
    make_folder("DATABASE_URL", Path(name).parent)
    # Without immediate transactions, two writers that each read first cannot both proceed, and the
    # second fails at once regardless of the timeout: with Django's defaults half of concurrent
    # writes were lost.
    options = {
        "transaction_mode": "IMMEDIATE",
        "timeout": 10,
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;",
    }
    return {"OPTIONS": options, "CONN_MAX_AGE": None}
