"""The payment provider."""

import httpx

from app.settings import settings


class PaymentClient:
    def __init__(self) -> None:
        self._base = settings.payment_url

    async def charge(self, customer: str, amount: float) -> str:
        async with httpx.AsyncClient(base_url=self._base) as client:
            response = await client.post("/charges", json={"customer": customer, "amount": amount})
        response.raise_for_status()
        return response.json()["id"]
