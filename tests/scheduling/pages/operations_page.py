"""The operations page as staff see it, for its tests."""

from datetime import UTC, datetime

from django.contrib.auth.models import Permission, User
from django.test import Client
from django.urls import reverse

PAGE = reverse("scheduling:operations")
LIVE = reverse("scheduling:live")
FAR_AWAY = datetime(2100, 1, 1, tzinfo=UTC)


def staff(*codenames: str) -> Client:
    user = User.objects.create_user("ada", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__in=codenames))
    client = Client()
    client.force_login(user)
    return client


def page(client: Client) -> str:
    response = client.get(PAGE)
    assert response.status_code == 200
    return response.content.decode()
