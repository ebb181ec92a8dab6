"""The frames of Agora's and Easemob's clients: ``msync.proto`` and what is made from it.

``make protobuf`` makes ``msync_pb2``. Nothing else is in here, so that formatter, linter and type
checker pass over generated code.
"""
