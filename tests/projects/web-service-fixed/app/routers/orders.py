"""The endpoints about orders."""

from fastapi import APIRouter, Depends, Request

from app.models import Order
from app.repositories.orders import OrderRepository
from app.services.checkout import settle, settle_in_worker

router = APIRouter(prefix="/orders")


def repository(request: Request) -> OrderRepository:
    return request.app.state.orders


@router.get("/{order_id}")
async def read_order(order_id: int, orders: OrderRepository = Depends(repository)):
    return await orders.get(order_id)


@router.post("/")
async def create_order(order: Order, orders: OrderRepository = Depends(repository)):
    await orders.save(order)
    return {"id": order.id}


@router.post("/{order_id}/checkout")
async def checkout(order_id: int, orders: OrderRepository = Depends(repository)):
    order = await orders.get(order_id)
    return {"charge": await settle(order)}


@router.post("/{order_id}/checkout-later")
def checkout_in_worker(order: Order):
    # A plain endpoint runs in a worker thread, where no loop is running.
    return {"charge": settle_in_worker(order)}
