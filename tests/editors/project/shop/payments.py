"""Payments: what moves money."""

from shop.bank import transfer


def charge(amount: int) -> str:
    """Takes money from the customer."""
    return transfer("shop", amount)


async def refund(amount: int) -> str:
    """Gives money to the customer."""
    return f"refunded {amount}"
