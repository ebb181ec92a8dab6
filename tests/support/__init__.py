"""What tests share: users, clients, and servers of their own."""

from pathlib import Path

#: The repository.
ROOT = Path(__file__).resolve().parents[2]
