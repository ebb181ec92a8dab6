from http import HTTPStatus
from typing import Any
from urllib.parse import quote

import httpx

from ... import errors
from ...client import AuthenticatedClient, Client
from ...models.bulk_mark import BulkMark
from ...models.bulk_mark_body import BulkMarkBody
from ...models.error import Error
from ...models.validation_error import ValidationError
from ...types import UNSET, Response, Unset


def _get_kwargs(
    id: int | str,
    *,
    body: BulkMarkBody | Unset = UNSET,
) -> dict[str, Any]:
    headers: dict[str, Any] = {}

    _kwargs: dict[str, Any] = {
        "method": "post",
        "url": "/api/v1/conversations/{id}/mark-delivered/".format(
            id=quote(str(id), safe=""),
        ),
    }

    if not isinstance(body, Unset):
        _kwargs["json"] = body.to_dict()

    headers["Content-Type"] = "application/json"

    _kwargs["headers"] = headers
    return _kwargs


def _parse_response(
    *, client: AuthenticatedClient | Client, response: httpx.Response
) -> BulkMark | Error | Error | ValidationError | None:
    if response.status_code == 200:
        response_200 = BulkMark.from_dict(response.json())

        return response_200

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

    if response.status_code == 413:
        response_413 = Error.from_dict(response.json())

        return response_413

    if response.status_code == 415:
        response_415 = Error.from_dict(response.json())

        return response_415

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
) -> Response[BulkMark | Error | Error | ValidationError]:
    return Response(
        status_code=HTTPStatus(response.status_code),
        content=response.content,
        headers=response.headers,
        parsed=_parse_response(client=client, response=response),
    )


def sync_detailed(
    id: int | str,
    *,
    client: AuthenticatedClient,
    body: BulkMarkBody | Unset = UNSET,
) -> Response[BulkMark | Error | Error | ValidationError]:
    """Everything up to a message reached the recipient's device; of one thread if given

    Args:
        id (int | str): An id, or `ext:` and the external id, percent-encoded.
        body (BulkMarkBody | Unset): A mark up to a message, by default the newest, or with `at`
            the newest sent by then.

            `thread`: `"main"` for what stands outside threads, or a root for its replies; else
            everything.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[BulkMark | Error | Error | ValidationError]
    """

    kwargs = _get_kwargs(
        id=id,
        body=body,
    )

    response = client.get_httpx_client().request(
        **kwargs,
    )

    return _build_response(client=client, response=response)


def sync(
    id: int | str,
    *,
    client: AuthenticatedClient,
    body: BulkMarkBody | Unset = UNSET,
) -> BulkMark | Error | Error | ValidationError | None:
    """Everything up to a message reached the recipient's device; of one thread if given

    Args:
        id (int | str): An id, or `ext:` and the external id, percent-encoded.
        body (BulkMarkBody | Unset): A mark up to a message, by default the newest, or with `at`
            the newest sent by then.

            `thread`: `"main"` for what stands outside threads, or a root for its replies; else
            everything.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        BulkMark | Error | Error | ValidationError
    """

    return sync_detailed(
        id=id,
        client=client,
        body=body,
    ).parsed


async def asyncio_detailed(
    id: int | str,
    *,
    client: AuthenticatedClient,
    body: BulkMarkBody | Unset = UNSET,
) -> Response[BulkMark | Error | Error | ValidationError]:
    """Everything up to a message reached the recipient's device; of one thread if given

    Args:
        id (int | str): An id, or `ext:` and the external id, percent-encoded.
        body (BulkMarkBody | Unset): A mark up to a message, by default the newest, or with `at`
            the newest sent by then.

            `thread`: `"main"` for what stands outside threads, or a root for its replies; else
            everything.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[BulkMark | Error | Error | ValidationError]
    """

    kwargs = _get_kwargs(
        id=id,
        body=body,
    )

    response = await client.get_async_httpx_client().request(**kwargs)

    return _build_response(client=client, response=response)


async def asyncio(
    id: int | str,
    *,
    client: AuthenticatedClient,
    body: BulkMarkBody | Unset = UNSET,
) -> BulkMark | Error | Error | ValidationError | None:
    """Everything up to a message reached the recipient's device; of one thread if given

    Args:
        id (int | str): An id, or `ext:` and the external id, percent-encoded.
        body (BulkMarkBody | Unset): A mark up to a message, by default the newest, or with `at`
            the newest sent by then.

            `thread`: `"main"` for what stands outside threads, or a root for its replies; else
            everything.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        BulkMark | Error | Error | ValidationError
    """

    return (
        await asyncio_detailed(
            id=id,
            client=client,
            body=body,
        )
    ).parsed
