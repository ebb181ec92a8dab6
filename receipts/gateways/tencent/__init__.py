"""The gateway of tencent."""
