import logging
import os
import time
from typing import Any

from django.conf import settings
from django.core.management.base import CommandError

from scheduling.engine.cluster import CrashOnlyCluster
from scheduling.engine.courier import Courier
from scheduling.engine.dispatcher import Dispatcher
from scheduling.exceptions import PoolError
from scheduling.management.command import WorkingCommand

logger = logging.getLogger(__name__)


class Command(WorkingCommand):
    help = "Runs the workers and the dispatcher of this host until it is stopped."

    def handle(self, *args: Any, **options: Any) -> None:
        cluster = CrashOnlyCluster()
        cluster.start()
        dispatcher, courier = Dispatcher(), Courier()
        try:
            while not cluster.stop_requests:
                if cluster.restart_if_lost() or cluster.has_lost_messages():
                    dispatcher.messages_were_lost()
                next_tick = dispatcher.tick() + time.monotonic()
                # Not before the tick, for a run may be due by then.
                courier.keep_running()
                cluster.sleep(max(next_tick - time.monotonic(), 0.0))
        except PoolError as exc:
            courier.stop()
            raise CommandError(str(exc)) from exc
        except Exception:
            # An orderly end would wait for the pool, which goes on while nobody dispatches. It dies with us.
            logger.exception("The dispatcher broke; this process ends, and its supervisor starts another.")
            os._exit(1)
        courier.stop()
        cluster.stop_within(settings.STOP_GRACE_SECONDS)
        dispatcher.hand_over()
