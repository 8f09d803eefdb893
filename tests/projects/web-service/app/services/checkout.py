"""Taking an order and its money."""

from app.models import Order


class Invoice:
    """Charges the customer when it is made."""

    def __init__(self, order: Order) -> None:
        from app.clients.payments import PaymentClient

        self.order = order
        self.charge_id = PaymentClient().charge_sync(order.customer, order.total)


def settle(order: Order) -> str:
    return Invoice(order).charge_id
