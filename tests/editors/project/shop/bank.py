"""The bank, which answers slowly."""

import time


def transfer(account: str, amount: int) -> str:
    """Moves money to an account."""
    time.sleep(2)
    return f"{account} has {amount}"
