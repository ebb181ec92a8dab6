"""The gateway of agora."""
