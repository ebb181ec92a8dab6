from http import HTTPStatus
from typing import Any
from urllib.parse import quote

import httpx

from ... import errors
from ...client import AuthenticatedClient, Client
from ...models.error import Error
from ...models.list_recipients_membership_item import ListRecipientsMembershipItem
from ...models.list_recipients_state import ListRecipientsState
from ...models.recipient_page import RecipientPage
from ...models.validation_error import ValidationError
from ...types import UNSET, Response, Unset


def _get_kwargs(
    id: int | str,
    *,
    cursor: str | Unset = UNSET,
    limit: int | Unset = 50,
    membership: list[ListRecipientsMembershipItem] | Unset = UNSET,
    search: str | Unset = UNSET,
    state: ListRecipientsState | Unset = UNSET,
) -> dict[str, Any]:

    params: dict[str, Any] = {}

    params["cursor"] = cursor

    params["limit"] = limit

    json_membership: list[str] | Unset = UNSET
    if not isinstance(membership, Unset):
        json_membership = []
        for membership_item_data in membership:
            membership_item = membership_item_data.value
            json_membership.append(membership_item)

    params["membership"] = json_membership

    params["search"] = search

    json_state: str | Unset = UNSET
    if not isinstance(state, Unset):
        json_state = state.value

    params["state"] = json_state

    params = {k: v for k, v in params.items() if v is not UNSET and v is not None}

    _kwargs: dict[str, Any] = {
        "method": "get",
        "url": "/api/v1/messages/{id}/recipients/".format(
            id=quote(str(id), safe=""),
        ),
        "params": params,
    }

    return _kwargs


def _parse_response(
    *, client: AuthenticatedClient | Client, response: httpx.Response
) -> Error | Error | ValidationError | RecipientPage | None:
    if response.status_code == 200:
        response_200 = RecipientPage.from_dict(response.json())

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

    if response.status_code == 410:
        response_410 = Error.from_dict(response.json())

        return response_410

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
) -> Response[Error | Error | ValidationError | RecipientPage]:
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
    cursor: str | Unset = UNSET,
    limit: int | Unset = 50,
    membership: list[ListRecipientsMembershipItem] | Unset = UNSET,
    search: str | Unset = UNSET,
    state: ListRecipientsState | Unset = UNSET,
) -> Response[Error | Error | ValidationError | RecipientPage]:
    """List recipients, by state, membership or name

    Args:
        id (int | str): An id, or `ext:` and the external id, percent-encoded.
        cursor (str | Unset):
        limit (int | Unset):  Default: 50.
        membership (list[ListRecipientsMembershipItem] | Unset):
        search (str | Unset):
        state (ListRecipientsState | Unset):

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[Error | Error | ValidationError | RecipientPage]
    """

    kwargs = _get_kwargs(
        id=id,
        cursor=cursor,
        limit=limit,
        membership=membership,
        search=search,
        state=state,
    )

    response = client.get_httpx_client().request(
        **kwargs,
    )

    return _build_response(client=client, response=response)


def sync(
    id: int | str,
    *,
    client: AuthenticatedClient,
    cursor: str | Unset = UNSET,
    limit: int | Unset = 50,
    membership: list[ListRecipientsMembershipItem] | Unset = UNSET,
    search: str | Unset = UNSET,
    state: ListRecipientsState | Unset = UNSET,
) -> Error | Error | ValidationError | RecipientPage | None:
    """List recipients, by state, membership or name

    Args:
        id (int | str): An id, or `ext:` and the external id, percent-encoded.
        cursor (str | Unset):
        limit (int | Unset):  Default: 50.
        membership (list[ListRecipientsMembershipItem] | Unset):
        search (str | Unset):
        state (ListRecipientsState | Unset):

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Error | Error | ValidationError | RecipientPage
    """

    return sync_detailed(
        id=id,
        client=client,
        cursor=cursor,
        limit=limit,
        membership=membership,
        search=search,
        state=state,
    ).parsed


async def asyncio_detailed(
    id: int | str,
    *,
    client: AuthenticatedClient,
    cursor: str | Unset = UNSET,
    limit: int | Unset = 50,
    membership: list[ListRecipientsMembershipItem] | Unset = UNSET,
    search: str | Unset = UNSET,
    state: ListRecipientsState | Unset = UNSET,
) -> Response[Error | Error | ValidationError | RecipientPage]:
    """List recipients, by state, membership or name

    Args:
        id (int | str): An id, or `ext:` and the external id, percent-encoded.
        cursor (str | Unset):
        limit (int | Unset):  Default: 50.
        membership (list[ListRecipientsMembershipItem] | Unset):
        search (str | Unset):
        state (ListRecipientsState | Unset):

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[Error | Error | ValidationError | RecipientPage]
    """

    kwargs = _get_kwargs(
        id=id,
        cursor=cursor,
        limit=limit,
        membership=membership,
        search=search,
        state=state,
    )

    response = await client.get_async_httpx_client().request(**kwargs)

    return _build_response(client=client, response=response)


async def asyncio(
    id: int | str,
    *,
    client: AuthenticatedClient,
    cursor: str | Unset = UNSET,
    limit: int | Unset = 50,
    membership: list[ListRecipientsMembershipItem] | Unset = UNSET,
    search: str | Unset = UNSET,
    state: ListRecipientsState | Unset = UNSET,
) -> Error | Error | ValidationError | RecipientPage | None:
    """List recipients, by state, membership or name

    Args:
        id (int | str): An id, or `ext:` and the external id, percent-encoded.
        cursor (str | Unset):
        limit (int | Unset):  Default: 50.
        membership (list[ListRecipientsMembershipItem] | Unset):
        search (str | Unset):
        state (ListRecipientsState | Unset):

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Error | Error | ValidationError | RecipientPage
    """

    return (
        await asyncio_detailed(
            id=id,
            client=client,
            cursor=cursor,
            limit=limit,
            membership=membership,
            search=search,
            state=state,
        )
    ).parsed
