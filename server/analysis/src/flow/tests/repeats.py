"""Loops of Python."""


def probe_in_while():
    while True:
        if asyncio._get_running_loop() is None:
            asyncio.run(main())  # loop: not-running
            break
        work()  # loop: running
    after()  # loop: not-running


def known_before(items):
    loop = asyncio._get_running_loop()
    for item in items:
        if loop is None:
            asyncio.run(item())  # loop: not-running
        else:
            work()  # loop: running
    else:
        done()  # loop: running|not-running
    after()  # loop: running|not-running


def flag_grows(items):
    loop = None
    for item in items:
        if loop is None:
            loop = asyncio.get_running_loop()  # loop: unknown
        work()  # loop: running
    if loop is None:
        asyncio.run(main())  # loop: unknown
    else:
        work()  # loop: running


def skips(items):
    for item in items:
        try:
            asyncio.get_running_loop()
        except RuntimeError:
            continue
        work()  # loop: running
    after()  # loop: unknown|running|not-running


def for_ever():
    while True:
        asyncio._get_running_loop()
    after()  # loop: dead


def while_probe():
    while trio.lowlevel.in_trio_run():
        work()  # loop: running
    trio.run(main)  # loop: not-running


def found_or_not(items):
    for item in items:
        if trio.lowlevel.in_trio_run():
            break
    else:
        trio.run(main)  # loop: unknown|not-running
        return
    work()  # loop: running


def loops_in_loops(a, b, c):
    running = None
    for x in a:
        for y in b:
            while c:
                if running is None:
                    running = trio.lowlevel.in_trio_run()
                elif running:
                    work()  # loop: running
                else:
                    trio.run(main)  # loop: not-running
    after()  # loop: unknown|running|not-running


def chain_of_names(items):
    a = b = c = None
    for item in items:
        c = b
        b = a
        a = asyncio._get_running_loop()
    if c:
        work()  # loop: running
    after()  # loop: unknown|running|not-running


async def asynchronous(items):
    async for item in items:
        try:
            asyncio.get_running_loop()
        except RuntimeError:
            asyncio.run(main())  # loop: dead
    async with lock() as held:  # loop: running
        await work()  # loop: running


def queue_is_emptied(queue):
    while queue:
        if trio.lowlevel.in_trio_run():
            work()  # loop: running
        queue.pop()
    after()  # loop: unknown|running|not-running


def list_is_filled(items):
    asyncio._get_running_loop()
    if not items:
        items.append(1)
    if items:
        return
    after()  # loop: running|not-running


def dict_is_filled(items):
    asyncio._get_running_loop()
    if not items:
        items["a"] = 1
        if items:
            work()  # loop: running|not-running
