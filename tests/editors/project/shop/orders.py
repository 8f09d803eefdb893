"""Orders: what the front door of the shop awaits."""

import asyncio

from shop.payments import charge, refund


async def save(order: dict[str, int]) -> None:
    """Writes the order down."""
    await asyncio.sleep(0)
    print("saved", order)


async def place(order: dict[str, int]) -> str:
    """Takes an order, and the money for it."""
    save(order)
    return charge(order["total"])


async def cancel(order: dict[str, int]) -> str:
    """Gives the money back."""
    return asyncio.run(refund(order["total"]))
