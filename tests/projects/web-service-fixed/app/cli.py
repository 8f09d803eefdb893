"""The command line: no loop is running here."""

import asyncio
import sys

from app.clients.currency import convert
from app.repositories.orders import OrderRepository
from app.services.bridge import run_blocking
from app.settings import settings


async def count_orders() -> int:
    repository = OrderRepository()
    await repository.connect(settings.database_url)
    return len(await repository.all())


def main() -> None:
    if "--convert" in sys.argv:
        print(convert(1.0, "EUR", "USD"))
    elif "--count" in sys.argv:
        print(run_blocking(count_orders()))
    else:
        asyncio.run(count_orders())


if __name__ == "__main__":
    main()
