from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class Address(_message.Message):
    __slots__ = ("app_key", "name", "domain", "resource")
    APP_KEY_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    DOMAIN_FIELD_NUMBER: _ClassVar[int]
    RESOURCE_FIELD_NUMBER: _ClassVar[int]
    app_key: str
    name: str
    domain: str
    resource: str
    def __init__(self, app_key: _Optional[str] = ..., name: _Optional[str] = ..., domain: _Optional[str] = ..., resource: _Optional[str] = ...) -> None: ...

class Status(_message.Message):
    __slots__ = ("code", "reason")
    CODE_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    code: int
    reason: str
    def __init__(self, code: _Optional[int] = ..., reason: _Optional[str] = ...) -> None: ...

class Envelope(_message.Message):
    __slots__ = ("version", "who", "auth", "compress", "command", "payload")
    VERSION_FIELD_NUMBER: _ClassVar[int]
    WHO_FIELD_NUMBER: _ClassVar[int]
    AUTH_FIELD_NUMBER: _ClassVar[int]
    COMPRESS_FIELD_NUMBER: _ClassVar[int]
    COMMAND_FIELD_NUMBER: _ClassVar[int]
    PAYLOAD_FIELD_NUMBER: _ClassVar[int]
    version: int
    who: Address
    auth: str
    compress: _containers.RepeatedScalarFieldContainer[int]
    command: int
    payload: bytes
    def __init__(self, version: _Optional[int] = ..., who: _Optional[_Union[Address, _Mapping]] = ..., auth: _Optional[str] = ..., compress: _Optional[_Iterable[int]] = ..., command: _Optional[int] = ..., payload: _Optional[bytes] = ...) -> None: ...

class Provision(_message.Message):
    __slots__ = ("status", "device_uuid", "device_name", "resource", "auth_token")
    STATUS_FIELD_NUMBER: _ClassVar[int]
    DEVICE_UUID_FIELD_NUMBER: _ClassVar[int]
    DEVICE_NAME_FIELD_NUMBER: _ClassVar[int]
    RESOURCE_FIELD_NUMBER: _ClassVar[int]
    AUTH_TOKEN_FIELD_NUMBER: _ClassVar[int]
    status: Status
    device_uuid: str
    device_name: str
    resource: str
    auth_token: str
    def __init__(self, status: _Optional[_Union[Status, _Mapping]] = ..., device_uuid: _Optional[str] = ..., device_name: _Optional[str] = ..., resource: _Optional[str] = ..., auth_token: _Optional[str] = ...) -> None: ...

class SyncUp(_message.Message):
    __slots__ = ("meta", "key", "queue")
    META_FIELD_NUMBER: _ClassVar[int]
    KEY_FIELD_NUMBER: _ClassVar[int]
    QUEUE_FIELD_NUMBER: _ClassVar[int]
    meta: Meta
    key: int
    queue: Address
    def __init__(self, meta: _Optional[_Union[Meta, _Mapping]] = ..., key: _Optional[int] = ..., queue: _Optional[_Union[Address, _Mapping]] = ...) -> None: ...

class SyncDown(_message.Message):
    __slots__ = ("status", "meta_id", "server_id", "metas", "next_key", "queue", "last", "timestamp")
    STATUS_FIELD_NUMBER: _ClassVar[int]
    META_ID_FIELD_NUMBER: _ClassVar[int]
    SERVER_ID_FIELD_NUMBER: _ClassVar[int]
    METAS_FIELD_NUMBER: _ClassVar[int]
    NEXT_KEY_FIELD_NUMBER: _ClassVar[int]
    QUEUE_FIELD_NUMBER: _ClassVar[int]
    LAST_FIELD_NUMBER: _ClassVar[int]
    TIMESTAMP_FIELD_NUMBER: _ClassVar[int]
    status: Status
    meta_id: int
    server_id: int
    metas: _containers.RepeatedScalarFieldContainer[bytes]
    next_key: int
    queue: Address
    last: bool
    timestamp: int
    def __init__(self, status: _Optional[_Union[Status, _Mapping]] = ..., meta_id: _Optional[int] = ..., server_id: _Optional[int] = ..., metas: _Optional[_Iterable[bytes]] = ..., next_key: _Optional[int] = ..., queue: _Optional[_Union[Address, _Mapping]] = ..., last: _Optional[bool] = ..., timestamp: _Optional[int] = ...) -> None: ...

class Meta(_message.Message):
    __slots__ = ("id", "sender", "to", "timestamp", "namespace", "payload", "directed")
    ID_FIELD_NUMBER: _ClassVar[int]
    SENDER_FIELD_NUMBER: _ClassVar[int]
    TO_FIELD_NUMBER: _ClassVar[int]
    TIMESTAMP_FIELD_NUMBER: _ClassVar[int]
    NAMESPACE_FIELD_NUMBER: _ClassVar[int]
    PAYLOAD_FIELD_NUMBER: _ClassVar[int]
    DIRECTED_FIELD_NUMBER: _ClassVar[int]
    id: int
    sender: Address
    to: Address
    timestamp: int
    namespace: int
    payload: bytes
    directed: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, id: _Optional[int] = ..., sender: _Optional[_Union[Address, _Mapping]] = ..., to: _Optional[_Union[Address, _Mapping]] = ..., timestamp: _Optional[int] = ..., namespace: _Optional[int] = ..., payload: _Optional[bytes] = ..., directed: _Optional[_Iterable[str]] = ...) -> None: ...

class UnreadDown(_message.Message):
    __slots__ = ("status", "timestamp")
    STATUS_FIELD_NUMBER: _ClassVar[int]
    TIMESTAMP_FIELD_NUMBER: _ClassVar[int]
    status: Status
    timestamp: int
    def __init__(self, status: _Optional[_Union[Status, _Mapping]] = ..., timestamp: _Optional[int] = ...) -> None: ...

class Body(_message.Message):
    __slots__ = ("type", "sender", "to", "contents", "ext", "message_id", "config", "ack_content")
    TYPE_FIELD_NUMBER: _ClassVar[int]
    SENDER_FIELD_NUMBER: _ClassVar[int]
    TO_FIELD_NUMBER: _ClassVar[int]
    CONTENTS_FIELD_NUMBER: _ClassVar[int]
    EXT_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_ID_FIELD_NUMBER: _ClassVar[int]
    CONFIG_FIELD_NUMBER: _ClassVar[int]
    ACK_CONTENT_FIELD_NUMBER: _ClassVar[int]
    type: int
    sender: Address
    to: Address
    contents: _containers.RepeatedCompositeFieldContainer[Content]
    ext: _containers.RepeatedCompositeFieldContainer[Pair]
    message_id: int
    config: Config
    ack_content: str
    def __init__(self, type: _Optional[int] = ..., sender: _Optional[_Union[Address, _Mapping]] = ..., to: _Optional[_Union[Address, _Mapping]] = ..., contents: _Optional[_Iterable[_Union[Content, _Mapping]]] = ..., ext: _Optional[_Iterable[_Union[Pair, _Mapping]]] = ..., message_id: _Optional[int] = ..., config: _Optional[_Union[Config, _Mapping]] = ..., ack_content: _Optional[str] = ...) -> None: ...

class Content(_message.Message):
    __slots__ = ("type", "text")
    TYPE_FIELD_NUMBER: _ClassVar[int]
    TEXT_FIELD_NUMBER: _ClassVar[int]
    type: int
    text: str
    def __init__(self, type: _Optional[int] = ..., text: _Optional[str] = ...) -> None: ...

class Config(_message.Message):
    __slots__ = ("allow_group_ack",)
    ALLOW_GROUP_ACK_FIELD_NUMBER: _ClassVar[int]
    allow_group_ack: bool
    def __init__(self, allow_group_ack: _Optional[bool] = ...) -> None: ...

class Pair(_message.Message):
    __slots__ = ("key", "type", "text")
    KEY_FIELD_NUMBER: _ClassVar[int]
    TYPE_FIELD_NUMBER: _ClassVar[int]
    TEXT_FIELD_NUMBER: _ClassVar[int]
    key: str
    type: int
    text: str
    def __init__(self, key: _Optional[str] = ..., type: _Optional[int] = ..., text: _Optional[str] = ...) -> None: ...

class Statistics(_message.Message):
    __slots__ = ("operation", "location")
    OPERATION_FIELD_NUMBER: _ClassVar[int]
    LOCATION_FIELD_NUMBER: _ClassVar[int]
    operation: int
    location: str
    def __init__(self, operation: _Optional[int] = ..., location: _Optional[str] = ...) -> None: ...
