"""The operations page as staff see it, for its tests."""

from datetime import UTC, datetime

from django.contrib.auth.models import Permission, User
from django.test import Client
from django.urls import reverse

from scheduling.models import Job

PAGE = reverse("scheduling:operations")
LIVE = reverse("scheduling:live")
RUNS = reverse("scheduling:runs")
FAR_AWAY = datetime(2100, 1, 1, tzinfo=UTC)


def staff(*codenames: str, name: str = "ada") -> Client:
    user = User.objects.create_user(name, is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__in=codenames))
    client = Client()
    client.force_login(user)
    return client


def page_of(job: Job) -> str:
    """The address of a schedule's own page."""
    return reverse("scheduling:schedule", args=[job.name])


def page(client: Client, address: str = PAGE) -> str:
    response = client.get(address)
    assert response.status_code == 200
    return response.content.decode()
