"""Subscriptions in the admin: state and log for who may view, address and buttons for who may change."""

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client
from django.urls import reverse

from scheduling.clock import database_now
from tests.validators.subscriptions.receiving import Receiver, subscribed
from validators.models import Subscription, SubscriptionDelivery
from validators.services.secrets import secret_of

pytestmark = pytest.mark.django_db

LIST = reverse("admin:validators_subscription_changelist")


def page(client: Client, one: Subscription) -> str:
    return client.get(reverse("admin:validators_subscription_change", args=[one.pk])).content.decode()


def acted(client: Client, action: str, *chosen: Subscription) -> str:
    selected = {"action": action, "_selected_action": [one.pk for one in chosen]}
    return client.post(LIST, selected, follow=True).content.decode()


def test_who_may_change_sees_the_address_and_pauses_resumes_and_tests(
    admin_client: Client, receiver: Receiver
) -> None:
    made = subscribed(receiver)
    assert receiver.url in page(admin_client, made)

    assert "Paused: 1." in acted(admin_client, "pause", made)
    assert "paused: somebody paused it" in admin_client.get(LIST).content.decode()
    assert ">Resume<" in page(admin_client, made)
    assert f"Subscription {made.pk} goes on from event 0." in acted(admin_client, "resume", made)
    assert "It answered 200." in acted(admin_client, "send_test", made)
    assert "try again after that" in acted(admin_client, "send_test", made)
    assert len(receiver.messages) == 1
    assert "<td>test</td>" in page(admin_client, made)
    assert receiver.secret not in page(admin_client, made)
    assert secret_of(made.salt) == receiver.secret


def test_who_may_only_view_sees_neither_address_nor_button_and_changes_nothing(
    client: Client, receiver: Receiver
) -> None:
    viewer = User.objects.create_user("viewer", password="x", is_staff=True)
    viewer.user_permissions.add(Permission.objects.get(codename="view_subscription"))
    client.force_login(viewer)
    made = subscribed(receiver)
    SubscriptionDelivery.objects.create(
        subscription=made, at=database_now(), first=3, last=4, events=2, error="It answered 500."
    )

    shown = page(client, made)

    assert "It answered 500." in shown
    assert "/hook" not in shown + client.get(LIST).content.decode()
    assert ">Pause<" not in shown
    acted(client, "pause", made)
    made.refresh_from_db()
    assert made.paused == ""
    assert "/hook" not in client.get(f"{LIST}?q=hook").content.decode()
