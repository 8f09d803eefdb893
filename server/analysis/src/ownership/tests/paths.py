async def never_closed():
    x = Resource()  # leaks: returns, raises, cancelled
    await x.get()

async def closed_at_the_end():
    x = Resource()  # leaks: raises, cancelled
    await x.get()
    await x.aclose()  # closed

async def closed_in_finally():
    x = Resource()  # no leaks
    try:
        await x.get()
    finally:
        await x.aclose()  # closed

async def acquired_inside_the_try():
    x = None
    try:
        x = Resource()  # no leaks
        await x.get()
    finally:
        if x:
            await x.aclose()  # closed

async def acquired_inside_the_try_is_not_none():
    x = None
    try:
        x = Resource()  # no leaks
        await x.get()
    finally:
        if x is not None:
            await x.aclose()  # closed

async def block():
    x = Resource()  # no leaks
    async with x:
        await x.get()

async def early_return(a):
    x = Resource()  # leaks: returns
    if a:
        return None
    await x.aclose()  # closed

async def raises_before_the_close(a):
    x = Resource()  # leaks: raises
    if a:
        raise ValueError
    await x.aclose()  # closed

async def nothing_happens_before_the_close():
    x = Resource()  # no leaks
    x.name = "a"
    await x.aclose()  # closed

async def a_call_before_the_close(work):
    x = Resource()  # leaks: call raises
    work()
    await x.aclose()  # closed

async def a_log_before_the_close(log):
    x = Resource()  # no leaks
    log.info("made")
    await x.aclose()  # closed

async def closed_with_a_time_limit(asyncio):
    x = Resource()  # no leaks
    try:
        await x.get()
    finally:
        await asyncio.wait_for(asyncio.shield(x.aclose()), 5)  # closed

async def awaited_before_it_is_made(work):
    await work()
    x = Resource()  # no leaks
    await x.aclose()  # closed

async def finally_that_returns():
    x = Resource()  # no leaks
    try:
        return await x.get()
    finally:
        await x.aclose()  # closed

async def only_started_ones_must_be_closed():
    x = Lazy()  # no leaks
    x.option("a")

async def started():
    x = Lazy()  # leaks: returns, raises, cancelled
    await x.start()
    await x.get()

async def walrus():
    if (x := Resource()):  # leaks: returns, raises, cancelled
        await x.get()

async def assertion(a):
    x = Resource()  # leaks: call raises
    assert a
    await x.aclose()  # closed

async def deleted():
    x = Resource()  # leaks: returns, raises, cancelled
    await x.get()
    del x

async def annotated():
    x: Resource = Resource()  # leaks: returns, raises, cancelled
    await x.get()

async def match_arms(a):
    x = Resource()  # leaks: returns
    match a:
        case 1:
            await x.aclose()  # closed
        case _:
            return None

async def a_start_that_raises_leaves_nothing():
    x = Lazy()  # no leaks
    await x.start()
    await x.aclose()  # closed

async def a_start_that_is_given_up(log):
    x = Lazy()  # no leaks
    try:
        await x.start()
    except Exception:
        log.warning("failed")
        return
    await x.aclose()  # closed
