async def closed_by_the_handler():
    x = Resource()  # leaks: cancelled
    try:
        await x.get()
    except Exception:
        await x.aclose()  # closed
        raise
    await x.aclose()  # closed

async def closed_by_a_bare_handler():
    x = Resource()  # no leaks
    try:
        await x.get()
    except:
        await x.aclose()  # closed
        raise
    await x.aclose()  # closed

async def closed_by_base_exception():
    x = Resource()  # no leaks
    try:
        await x.get()
    except BaseException:
        await x.aclose()  # closed
        raise
    await x.aclose()  # closed

async def some_errors_only():
    x = Resource()  # leaks: call raises, cancelled
    try:
        await x.get()
    except ValueError:
        await x.aclose()  # closed
        raise
    await x.aclose()  # closed

async def swallowed_and_left_open(log):
    x = Resource()  # leaks: raises, cancelled
    try:
        await x.get()
        await x.aclose()  # closed
    except Exception:
        log.warning("failed")

async def swallowed_and_closed(log):
    x = Resource()  # leaks: cancelled
    try:
        await x.get()
    except Exception:
        log.warning("failed")
    await x.aclose()  # closed

async def suppressed(contextlib):
    x = Resource()  # leaks: cancelled
    with contextlib.suppress(Exception):
        await x.get()
    await x.aclose()  # closed

async def closed_in_else():
    x = Resource()  # leaks: raises, call raises, cancelled
    try:
        await x.get()
    except ValueError:
        pass
    else:
        await x.aclose()  # closed

async def cancelled_and_error(asyncio):
    x = Resource()  # no leaks
    try:
        await x.get()
    except (asyncio.CancelledError, ValueError):
        await x.aclose()  # closed
        raise
    except Exception:
        await x.aclose()  # closed
        raise
    await x.aclose()  # closed

async def handler_returns():
    x = Resource()  # leaks: raises, cancelled
    try:
        data = await x.get()
    except Exception:
        return None
    await x.aclose()  # closed
    return data

async def finally_in_finally(y):
    x = Resource()  # no leaks
    try:
        await x.get()
    finally:
        try:
            await y.flush()
        finally:
            await x.aclose()  # closed

async def two_in_one_finally(y):
    x = Resource()  # leaks: call raises, cancelled
    try:
        await x.get()
    finally:
        await y.aclose()
        await x.aclose()  # closed

async def retried():
    for attempt in range(3):
        x = Resource()  # no leaks
        try:
            return await x.get()
        except OSError:
            continue
        finally:
            await x.aclose()  # closed
