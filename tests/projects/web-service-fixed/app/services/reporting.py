"""Figures for the people upstairs."""

import time

from app.clients.currency import convert
from app.models import Order


def revenue(orders: list[Order], currency: str) -> float:
    total = 0.0
    for order in orders:
        total += convert(order.total, order.currency, currency)
    return total


def render_pdf(orders: list[Order]) -> bytes:
    time.sleep(2)  # stands for a slow renderer
    return "\n".join(f"{order.id}: {order.total}" for order in orders).encode()
