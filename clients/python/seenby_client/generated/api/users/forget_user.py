from http import HTTPStatus
from typing import Any
from urllib.parse import quote

import httpx

from ... import errors
from ...client import AuthenticatedClient, Client
from ...models.erasure_progress import ErasureProgress
from ...models.error import Error
from ...models.forget_user_messages import ForgetUserMessages
from ...models.validation_error import ValidationError
from ...types import UNSET, Response, Unset


def _get_kwargs(
    username: str,
    *,
    messages: ForgetUserMessages | Unset = UNSET,
) -> dict[str, Any]:

    params: dict[str, Any] = {}

    json_messages: str | Unset = UNSET
    if not isinstance(messages, Unset):
        json_messages = messages.value

    params["messages"] = json_messages

    params = {k: v for k, v in params.items() if v is not UNSET and v is not None}

    _kwargs: dict[str, Any] = {
        "method": "delete",
        "url": "/api/v1/users/{username}/".format(
            username=quote(str(username), safe=""),
        ),
        "params": params,
    }

    return _kwargs


def _parse_response(
    *, client: AuthenticatedClient | Client, response: httpx.Response
) -> ErasureProgress | Error | Error | ValidationError | None:
    if response.status_code == 200:
        response_200 = ErasureProgress.from_dict(response.json())

        return response_200

    if response.status_code == 202:
        response_202 = ErasureProgress.from_dict(response.json())

        return response_202

    if response.status_code == 400:

        def _parse_response_400(data: object) -> Error | ValidationError:
            try:
                if not isinstance(data, dict):
                    raise TypeError()
                response_400_type_0 = ValidationError.from_dict(data)

                return response_400_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            if not isinstance(data, dict):
                raise TypeError()
            response_400_type_1 = Error.from_dict(data)

            return response_400_type_1

        response_400 = _parse_response_400(response.json())

        return response_400

    if response.status_code == 401:
        response_401 = Error.from_dict(response.json())

        return response_401

    if response.status_code == 403:
        response_403 = Error.from_dict(response.json())

        return response_403

    if response.status_code == 404:
        response_404 = Error.from_dict(response.json())

        return response_404

    if response.status_code == 405:
        response_405 = Error.from_dict(response.json())

        return response_405

    if response.status_code == 406:
        response_406 = Error.from_dict(response.json())

        return response_406

    if response.status_code == 429:
        response_429 = Error.from_dict(response.json())

        return response_429

    if response.status_code == 503:
        response_503 = Error.from_dict(response.json())

        return response_503

    if client.raise_on_unexpected_status:
        raise errors.UnexpectedStatus(response.status_code, response.content)
    else:
        return None


def _build_response(
    *, client: AuthenticatedClient | Client, response: httpx.Response
) -> Response[ErasureProgress | Error | Error | ValidationError]:
    return Response(
        status_code=HTTPStatus(response.status_code),
        content=response.content,
        headers=response.headers,
        parsed=_parse_response(client=client, response=response),
    )


def sync_detailed(
    username: str,
    *,
    client: AuthenticatedClient,
    messages: ForgetUserMessages | Unset = UNSET,
) -> Response[ErasureProgress | Error | Error | ValidationError]:
    """Forget a user: name, picture, tokens and streams at once, the rest in batches

     The account stays, without a name, and so do counts. Repeat until `complete`; the username
    is free again two minutes after that.

    Args:
        username (str):
        messages (ForgetUserMessages | Unset):

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[ErasureProgress | Error | Error | ValidationError]
    """

    kwargs = _get_kwargs(
        username=username,
        messages=messages,
    )

    response = client.get_httpx_client().request(
        **kwargs,
    )

    return _build_response(client=client, response=response)


def sync(
    username: str,
    *,
    client: AuthenticatedClient,
    messages: ForgetUserMessages | Unset = UNSET,
) -> ErasureProgress | Error | Error | ValidationError | None:
    """Forget a user: name, picture, tokens and streams at once, the rest in batches

     The account stays, without a name, and so do counts. Repeat until `complete`; the username
    is free again two minutes after that.

    Args:
        username (str):
        messages (ForgetUserMessages | Unset):

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        ErasureProgress | Error | Error | ValidationError
    """

    return sync_detailed(
        username=username,
        client=client,
        messages=messages,
    ).parsed


async def asyncio_detailed(
    username: str,
    *,
    client: AuthenticatedClient,
    messages: ForgetUserMessages | Unset = UNSET,
) -> Response[ErasureProgress | Error | Error | ValidationError]:
    """Forget a user: name, picture, tokens and streams at once, the rest in batches

     The account stays, without a name, and so do counts. Repeat until `complete`; the username
    is free again two minutes after that.

    Args:
        username (str):
        messages (ForgetUserMessages | Unset):

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[ErasureProgress | Error | Error | ValidationError]
    """

    kwargs = _get_kwargs(
        username=username,
        messages=messages,
    )

    response = await client.get_async_httpx_client().request(**kwargs)

    return _build_response(client=client, response=response)


async def asyncio(
    username: str,
    *,
    client: AuthenticatedClient,
    messages: ForgetUserMessages | Unset = UNSET,
) -> ErasureProgress | Error | Error | ValidationError | None:
    """Forget a user: name, picture, tokens and streams at once, the rest in batches

     The account stays, without a name, and so do counts. Repeat until `complete`; the username
    is free again two minutes after that.

    Args:
        username (str):
        messages (ForgetUserMessages | Unset):

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        ErasureProgress | Error | Error | ValidationError
    """

    return (
        await asyncio_detailed(
            username=username,
            client=client,
            messages=messages,
        )
    ).parsed
