class Keeper:
    async def stored(self):
        x = Resource()  # leaks: raises, cancelled
        await x.get()
        self.x = x

    async def stored_at_once(self):
        x = self.x = Resource()  # not followed
        await x.get()

async def returned():
    x = Resource()  # no leaks
    return x

async def returned_after_an_await():
    x = Resource()  # leaks: raises, cancelled
    await x.get()
    return x

async def returned_or_closed():
    x = Resource()  # no leaks
    try:
        await x.get()
    except BaseException:
        await x.aclose()  # closed
        raise
    return x

async def yielded():
    x = Resource()  # no leaks
    yield x

@asynccontextmanager
async def yielded_to_a_block():
    x = Resource()  # leaks: raises, cancelled
    yield x
    await x.aclose()  # closed

@asynccontextmanager
async def yielded_to_a_block_in_a_try():
    x = Resource()  # no leaks
    try:
        yield x
    finally:
        await x.aclose()  # closed

async def in_a_list():
    x = Resource()  # no leaks
    return [x]

async def in_a_stack(stack):
    x = Resource()  # no leaks
    await stack.enter_async_context(x)
    await x.get()

async def its_close_on_a_stack(stack):
    x = Resource()  # no leaks
    stack.push_async_callback(x.aclose)
    await x.get()

async def given_to_something_unknown(f):
    x = Resource()  # no leaks
    f(x)

async def given_to_a_constructor(Wrapper):
    x = Resource()  # no leaks
    return Wrapper(x)

async def captured_and_used(gather):
    x = Resource()  # leaks: returns, raises, call raises, cancelled
    async def work():
        await x.get()
    await gather(work(), work())

async def captured_and_closed(atexit):
    x = Resource()  # no leaks
    async def close():
        await x.aclose()
    atexit.register(close)

async def alias():
    x = Resource()  # no leaks
    y = x
    await y.aclose()  # closed

async def alias_returned():
    x = Resource()  # no leaks
    y = x
    return y

async def a_view_of_it_is_returned():
    x = Resource()  # no leaks
    return x["database"]

async def a_result_is_returned():
    x = Resource()  # leaks: returns, raises, cancelled
    data = await x.get()
    return data

async def printed():
    x = Resource()  # leaks: returns
    print(x, repr(x))
    return f"{x}"

async def plain_data_of_it():
    x = Resource()  # leaks: returns
    return x.status

async def comprehension(urls):
    x = Resource()  # leaks: returns, raises, cancelled
    return [await x.get(u) for u in urls]

async def global_variable():
    global x
    x = Resource()  # not followed

async def one_part_is_closed():
    x = Resource()  # no leaks
    x.transport.close()

async def an_unknown_end():
    x = Resource()  # no leaks
    await x.shutdown_now()
