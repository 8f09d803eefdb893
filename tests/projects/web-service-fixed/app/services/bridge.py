"""One function for code with a loop and code without."""

import asyncio
from collections.abc import Coroutine
from concurrent.futures import ThreadPoolExecutor
from typing import Any

_pool = ThreadPoolExecutor(max_workers=1)


def run_blocking(work: Coroutine[Any, Any, Any]) -> Any:
    """Runs `work` where no loop is running; refuses where one is."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return asyncio.run(work)
    work.close()
    raise RuntimeError("await this instead: a loop is running")


def run_later(work: Coroutine[Any, Any, Any]) -> None:
    """Runs `work` on a loop of its own, in another thread."""
    _pool.submit(asyncio.run, work)
