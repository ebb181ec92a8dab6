"""The demo's page, and tokens for its sample users."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.views.decorators.http import require_safe
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from chat.authentication import issue_token
from receipts.api.fields import StrictSerializer, checked, username_field
from receipts.api.policy import HEADER, POLICY
from receipts.demo.vendors import installed_sdks
from receipts.demo.world import people_of_the_world


@require_safe
def page(request: HttpRequest) -> HttpResponse:
    """``/``: choose a user; ``/?as=alice``: the chat as alice."""
    people = {user.username: user.get_full_name() for user in people_of_the_world()}
    chosen = request.GET.get("as")
    template = "demo/chat.html" if chosen in people else "demo/welcome.html"
    response = HttpResponse(
        render_to_string(template, {"people": people, "sdks": installed_sdks()})
    )
    response["Cache-Control"] = "no-store"
    if chosen in people:  # a page with a vendor's SDK shows the chat beside it
        response[HEADER] = POLICY.replace("frame-ancestors 'none'", "frame-ancestors 'self'")
        response["X-Frame-Options"] = "SAMEORIGIN"
    return response


class Whom(StrictSerializer):
    username = username_field()


class DemoTokenView(APIView):
    """A token without authentication: for the demo's sample users only, never for a real user."""

    authentication_classes = []
    permission_classes = []
    schema = None  # not part of the API

    def post(self, request: Request) -> Response:
        whom = checked(Whom, request.data)
        user = people_of_the_world().filter(username=whom["username"]).first()
        if user is None:
            raise Http404
        token, expires_at = issue_token(user)
        return Response({"token": token, "expires_at": expires_at}, status=201)
