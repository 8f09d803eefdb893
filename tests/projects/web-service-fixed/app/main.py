"""The application: routers, start-up, and the command that serves it."""

import asyncio
from contextlib import asynccontextmanager

import uvicorn
from fastapi import FastAPI

from app.repositories.orders import OrderRepository
from app.routers import orders, reports
from app.settings import settings


@asynccontextmanager
async def lifespan(app: FastAPI):
    repository = OrderRepository()
    await repository.connect(settings.database_url)
    app.state.orders = repository
    yield
    await repository.close()


app = FastAPI(lifespan=lifespan)
app.include_router(orders.router)
app.include_router(reports.router)


async def serve() -> None:
    server = uvicorn.Server(uvicorn.Config(app, port=settings.port))
    await server.serve()


if __name__ == "__main__":
    asyncio.run(serve())
