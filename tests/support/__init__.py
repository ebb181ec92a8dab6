"""What tests share: the people, the clients they call with, and servers of their own."""

from pathlib import Path

#: The repository.
ROOT = Path(__file__).resolve().parents[2]
