"""Orders, where they are kept."""

import asyncio

from app.models import Order


class OrderRepository:
    def __init__(self) -> None:
        self._orders: dict[int, Order] = {}
        self._url = ""
        self._lock = asyncio.Lock()

    async def connect(self, url: str) -> None:
        self._url = url
        await asyncio.sleep(0)

    async def close(self) -> None:
        self._orders.clear()

    async def get(self, order_id: int) -> Order:
        async with self._lock:
            return self._orders[order_id]

    async def save(self, order: Order) -> None:
        async with self._lock:
            self._orders[order.id] = order

    async def all(self) -> list[Order]:
        async with self._lock:
            return list(self._orders.values())
