async def uses(y):
    await y.get()

async def closes(y):
    try:
        await y.get()
    finally:
        await y.aclose()

async def closes_sometimes(y, a):
    if a:
        return
    await y.aclose()

class Keeper:
    def __init__(self, y):
        self.y = y

    async def takes(self, y):
        self.y = y

    async def looks(self, y, *, more=None):
        print(y)

async def given_to_one_that_uses_it():
    x = Resource()  # leaks: returns, raises, cancelled
    await uses(x)

async def given_to_one_that_closes_it():
    x = Resource()  # no leaks
    await closes(x)  # closed

async def given_to_one_that_closes_sometimes(a):
    x = Resource()  # no leaks
    await closes_sometimes(x, a)

async def kept_by_an_object():
    x = Resource()  # no leaks
    return Keeper(x)

async def kept_by_a_method():
    x = Resource()  # leaks: call raises
    k = Keeper(None)
    await k.takes(x)

async def looked_at_by_a_method():
    x = Resource()  # leaks: returns, raises, call raises, cancelled
    k = Keeper(None)
    await k.looks(y=x)

async def in_a_task(asyncio):
    x = Resource()  # no leaks
    asyncio.create_task(uses(x))

async def gathered(asyncio):
    x = Resource()  # leaks: raises, call raises, cancelled
    await asyncio.gather(uses(x), uses(x))
    await x.aclose()  # closed

async def around(y):
    await uses(y)

async def two_calls_deep():
    x = Resource()  # leaks: returns, raises, cancelled
    await around(x)

async def itself(y, n):
    if n:
        await itself(y, n - 1)

async def recursive():
    x = Resource()  # no leaks
    await itself(x, 3)
