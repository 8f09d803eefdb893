"""The probes of the catalogue and their usual shapes."""


def guarded_start():
    try:
        asyncio.get_running_loop()  # loop: unknown
    except RuntimeError:
        asyncio.run(main())  # loop: not-running
    after()  # loop: running|not-running


def probe_with_else():
    try:
        loop = asyncio.get_running_loop()
    except RuntimeError:
        return asyncio.run(main())  # loop: not-running
    else:
        loop.create_task(main())  # loop: running
    after()  # loop: running


def early_return():
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return asyncio.run(main())  # loop: not-running
    raise RuntimeError(use("await"))  # loop: running


def loop_or_none():
    try:
        loop = asyncio.get_running_loop()
    except RuntimeError:
        loop = None
    if loop is None:
        asyncio.run(main())  # loop: not-running
    else:
        loop.create_task(main())  # loop: running
    if loop and loop.is_running():
        work()  # loop: running
    else:
        asyncio.run(main())  # loop: not-running


def asked_of_the_current_loop():
    loop = asyncio.get_event_loop()
    if loop.is_running():
        work()  # loop: running
    else:
        loop.run_until_complete(main())  # loop: not-running


def is_running_at_once():
    if asyncio.get_event_loop().is_running():  # loop: unknown
        work()  # loop: running
        return
    asyncio.run(main())  # loop: not-running


def not_running():
    loop = asyncio.get_event_loop()
    if not loop.is_running():
        return loop.run_until_complete(main())  # loop: not-running
    return work()  # loop: running


def loop_from_elsewhere(loop):
    # Another thread's loop may run: only "no" tells.
    if loop.is_running():
        work()  # loop: unknown
    else:
        loop.run_until_complete(main())  # loop: not-running


def loop_given_or_current(loop=None):
    loop = loop or asyncio.get_event_loop()
    if loop.is_running():
        work()  # loop: unknown
    else:
        loop.run_until_complete(main())  # loop: not-running


def new_loop_does_not_run():
    loop = asyncio.new_event_loop()
    if loop.is_running():
        work()  # loop: dead
    else:
        loop.run_until_complete(main())  # loop: unknown


def two_values_of_one_name():
    loop = asyncio.get_event_loop()
    if loop.is_running():
        loop = asyncio.new_event_loop()
        if loop.is_running():
            work()  # loop: dead
        loop.run_until_complete(main())  # loop: running


def sniffed():
    try:
        sniffio.current_async_library()
    except sniffio.AsyncLibraryNotFoundError:
        trio.run(main)  # loop: not-running
    else:
        work()  # loop: running


def sniffed_by_base_class():
    try:
        sniffio.current_async_library()
    except RuntimeError:
        trio.run(main)  # loop: not-running


def private_probe():
    if asyncio._get_running_loop() is None:
        return asyncio.run(main())  # loop: not-running
    return work()  # loop: running


def private_probe_of_events():
    loop = events._get_running_loop()
    if loop is not None:
        return work()  # loop: running
    return asyncio.run(main())  # loop: not-running


def trio_probe():
    if trio.lowlevel.in_trio_run():
        work()  # loop: running
    elif other():  # loop: not-running
        trio.run(main)  # loop: not-running
    else:
        trio.run(main)  # loop: not-running


def current_loop_or_new():
    try:
        loop = asyncio.get_event_loop()
    except RuntimeError:
        loop = asyncio.new_event_loop()  # loop: not-running
        asyncio.set_event_loop(loop)  # loop: not-running
    return loop.run_until_complete(main())  # loop: unknown|not-running


def task_or_run():
    try:
        asyncio.create_task(main())
    except RuntimeError:
        # Making the coroutine stands inside the `try` too.
        asyncio.run(main())  # loop: not-running|implicit-unknown


def start_first():
    try:
        asyncio.run(main())  # loop: unknown
    except RuntimeError:
        # A running loop, or the work itself.
        work()  # loop: unknown|running
    asyncio.run(main())  # loop: unknown|running


async def in_a_coroutine():
    loop = asyncio.get_event_loop()
    if loop.is_running():
        work()  # loop: running
    else:
        loop.run_until_complete(main())  # loop: dead
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        asyncio.run(main())  # loop: dead
    asyncio.run(main())  # loop: running
    more()  # loop: running


def no_probe_here():
    asyncio.run(main())  # loop: unknown
    return 1
    asyncio.run(main())  # loop: dead


def thread_in_probe():
    try:
        asyncio.get_running_loop()
        with ThreadPoolExecutor() as pool:  # loop: running
            return pool.submit(asyncio.run, main()).result()  # loop: running
    except RuntimeError:
        return asyncio.run(main())  # loop: not-running|implicit-running


def handler_for_everything():
    try:
        asyncio.get_running_loop()
    except Exception:
        asyncio.run(main())  # loop: not-running


def bare_handler():
    try:
        asyncio.get_running_loop()
    except:
        asyncio.run(main())  # loop: not-running


def handler_for_two():
    try:
        asyncio.get_running_loop()
    except (RuntimeError, ValueError):
        asyncio.run(main())  # loop: not-running


def suppressed():
    loop = None
    with contextlib.suppress(RuntimeError):
        loop = asyncio.get_running_loop()
    if loop is None:
        asyncio.run(main())  # loop: not-running
    else:
        work()  # loop: running


def suppressed_other():
    with suppress(KeyError):
        asyncio.get_running_loop()
    work()  # loop: running


def flag_of_the_module():
    if ON_LOOP:
        work()  # loop: running
    else:
        asyncio.run(main())  # loop: not-running


def in_a_lambda():
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        job = lambda: asyncio.run(main())  # loop: unknown
        make(job)  # loop: not-running

        def nested():
            asyncio.run(main())  # loop: unknown
