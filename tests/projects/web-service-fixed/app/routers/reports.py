"""The endpoints about figures."""

import asyncio
import time

from fastapi import APIRouter, Depends

from app.models import Order
from app.repositories.orders import OrderRepository
from app.routers.orders import repository
from app.services.reporting import render_pdf, revenue

router = APIRouter(prefix="/reports")


@router.get("/revenue")
async def read_revenue(currency: str, orders: OrderRepository = Depends(repository)):
    everything = await orders.all()
    return {"revenue": await asyncio.to_thread(revenue, everything, currency)}


@router.get("/pdf")
async def read_pdf(orders: OrderRepository = Depends(repository)):
    everything = await orders.all()
    return await asyncio.to_thread(render_pdf, everything)


@router.post("/slow")
def slow_report(orders: list[Order]):
    # A plain endpoint may block: it has a thread of its own.
    time.sleep(1)
    return {"pages": len(render_pdf(orders))}
