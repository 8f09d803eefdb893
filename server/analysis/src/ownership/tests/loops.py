async def made_in_each_turn(urls):
    for url in urls:
        x = Resource()  # leaks: returns, raises, call raises, cancelled
        await x.get(url)

async def made_and_closed_in_each_turn(urls):
    for url in urls:
        x = Resource()  # no leaks
        try:
            await x.get(url)
        finally:
            await x.aclose()  # closed

async def continued(urls):
    for url in urls:
        x = Resource()  # leaks: returns, call raises
        if not url:
            continue
        await x.aclose()  # closed

async def broken_off(urls):
    for url in urls:
        x = Resource()  # leaks: returns
        if not url:
            break
        await x.aclose()  # closed

async def made_again_after_an_error():
    x = Resource()  # leaks: raises, call raises, cancelled
    while True:
        try:
            await x.get()
        except OSError:
            x = Resource()  # leaks: raises, call raises, cancelled

async def closed_before_made_again():
    x = Resource()  # no leaks
    try:
        while True:
            try:
                await x.get()
            except OSError:
                await x.aclose()  # closed; closed
                x = Resource()  # no leaks
    finally:
        await x.aclose()  # closed; closed

async def collected(urls):
    all = []
    for url in urls:
        x = Resource()  # no leaks
        all.append(x)
    return all
