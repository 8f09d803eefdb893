"""Exchange rates of the day."""

import requests

from app.settings import settings


def fetch_rates(base: str) -> dict[str, float]:
    response = requests.get(f"{settings.currency_url}/rates/{base}", timeout=10)
    response.raise_for_status()
    return response.json()


def convert(amount: float, source: str, target: str) -> float:
    return amount * fetch_rates(source)[target]
