from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from scheduling.engine.cluster import CrashOnlyCluster
from scheduling.engine.courier import Courier
from scheduling.engine.dispatcher import Dispatcher


class Command(BaseCommand):
    help = "Runs the workers and the dispatcher of this host until it is stopped."

    def handle(self, *args: Any, **options: Any) -> None:
        cluster = CrashOnlyCluster()
        cluster.start()
        dispatcher, courier = Dispatcher(), Courier()
        while not cluster.stop_requests:
            courier.keep_running()
            if cluster.restart_if_lost() or cluster.has_lost_messages():
                dispatcher.messages_were_lost()
            cluster.sleep(dispatcher.tick())
        courier.stop()
        cluster.stop_within(settings.STOP_GRACE_SECONDS)
        dispatcher.hand_over()
