"""Taking an order and its money."""

import asyncio

from app.models import Order


class Invoice:
    """What the customer was charged."""

    def __init__(self, order: Order, charge_id: str) -> None:
        self.order = order
        self.charge_id = charge_id


async def charge(order: Order) -> Invoice:
    from app.clients.payments import PaymentClient

    return Invoice(order, await PaymentClient().charge(order.customer, order.total))


async def settle(order: Order) -> str:
    invoice = await charge(order)
    return invoice.charge_id


def settle_in_worker(order: Order) -> str:
    """For threads without a running loop."""
    return asyncio.run(settle(order))
