async def used_after():
    x = Resource()  # no leaks
    await x.aclose()  # closed
    await x.get()  # used closed

async def twice():
    x = Resource()  # no leaks
    try:
        await x.get()
    finally:
        await x.aclose()  # closed
    await x.aclose()  # closed again

async def maybe_closed(a):
    x = Resource()  # no leaks
    if a:
        await x.aclose()  # closed
    await x.get()

async def made_again():
    x = Resource()  # no leaks
    await x.aclose()  # closed; closed
    x = Resource()  # leaks: raises, cancelled
    await x.get()
    await x.aclose()  # closed; closed

async def asked_after():
    x = Resource()  # no leaks
    await x.aclose()  # closed
    return x.closed

async def closed_on_error_then_used():
    x = Resource()  # leaks: raises, cancelled
    try:
        await x.get()
    except Exception:
        await x.aclose()  # closed
        raise
    await x.put()
    await x.aclose()  # closed
