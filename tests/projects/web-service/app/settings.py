"""What the environment says."""

import os
from dataclasses import dataclass


@dataclass(frozen=True)
class Settings:
    database_url: str = os.environ.get("DATABASE_URL", "memory://")
    payment_url: str = os.environ.get("PAYMENT_URL", "http://payments.internal")
    currency_url: str = os.environ.get("CURRENCY_URL", "http://currency.internal")
    port: int = int(os.environ.get("PORT", "8000"))


settings = Settings()
