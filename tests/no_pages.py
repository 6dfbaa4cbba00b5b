"""The addresses of the processes that tests start: they serve none."""

urlpatterns: list[object] = []
