"""The gateway of sendbird."""
