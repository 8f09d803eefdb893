"""Keeps track of the devices of a house."""
from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from .const import DEFAULT_TIMEOUT, DOMAIN as HOUSE

if TYPE_CHECKING:
    from .client import Client, Device

LOGGER = logging.getLogger(__name__)


class Coordinator(Base[dict[str, Any]]):
    """Asks the devices for news, in turn."""

    def __init__(self, client: Client, *, timeout: float = DEFAULT_TIMEOUT, name: str | None = None) -> None:
        super().__init__(client, LOGGER, name=name or f"{HOUSE}-{client.host}")
        self.client = client
        self.timeout = timeout
        self._tasks: set[asyncio.Task[None]] = set()
        self._listeners: dict[str, list[Callable[[Device], None]]] = {}

    @property
    def ready(self) -> bool:
        return self.client.connected and all(device.online for device in self.client.devices.values())

    async def update(self) -> dict[str, Any]:
        """Fetch what is new."""
        try:
            async with asyncio.timeout(self.timeout):
                data = await self.client.fetch(params={"since": self.last, "limit": 100})
        except (TimeoutError, ConnectionError) as error:
            raise UpdateFailed(f"Error talking to {self.client.host}: {error}") from error
        finally:
            self.last = self.loop.time()
        for key, value in data.items():
            if key not in self._listeners or value is None:
                continue
            device = self.client.devices.get(key)
            for listener in self._listeners[key]:
                listener(device, value=value, old=self.data[key]["state"])
        return {key: value for key, value in data.items() if not key.startswith("_")}

    def start(self, names: Iterable[str]) -> None:
        for name in names:
            task = self.loop.create_task(self._run(name), name=f"run-{name}")
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _run(self, name: str) -> None:
        while not self.closing:
            item = await self.queue.get()
            match item:
                case {"type": "state", "value": int(value)} if value > 0:
                    self.state = value
                case None:
                    break
                case _:
                    LOGGER.debug("Unexpected: %s from %s", item, name)
            await asyncio.sleep(0.1 if self.ready else 2 ** self.attempts)


