"""Deliver events to webhook endpoints, under a shorter name."""

from receipts.management.commands.deliver_webhooks import Command as Command
