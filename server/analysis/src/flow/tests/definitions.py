"""Where the value at a use comes from."""


def two_arms():
    runtime = AsyncRuntime() if trio.lowlevel.in_trio_run() else Runtime()
    runtime.execute()  # when running: runtime = AsyncRuntime() # when not running: runtime = Runtime() # when any: runtime = AsyncRuntime() | Runtime()


def class_is_chosen():
    kind = AsyncRuntime if trio.lowlevel.in_trio_run() else Runtime
    runtime = kind()  # when running: kind = AsyncRuntime # when not running: kind = Runtime
    runtime.execute()  # when running: runtime = kind()


def later_arm():
    running = trio.lowlevel.in_trio_run()
    client = None
    if running:
        client = AsyncClient()
    if client is not None:
        client.get()  # loop: running # when any: client = AsyncClient()
    else:
        use(client)  # loop: not-running # when any: client = None # when running: client = -


def assigned_twice():
    loop = asyncio.get_event_loop()
    loop.close()  # when any: loop = asyncio.get_event_loop()
    loop = asyncio.new_event_loop()
    loop.close()  # when any: loop = asyncio.new_event_loop()


def or_default(client=None):
    asyncio._get_running_loop()
    client = client or Client()
    client.get()  # when any: client = client | Client()


def from_a_parameter(client):
    asyncio._get_running_loop()
    client.get()  # when any: client = ?


def imported():
    if trio.lowlevel.in_trio_run():
        from a.aio import Runtime
    else:
        from a import Runtime
    Runtime()  # when running: Runtime = import a.aio # when not running: Runtime = import a


def defined():
    if trio.lowlevel.in_trio_run():
        def helper():
            pass
    else:
        helper = other
    helper()  # when running: helper = def helper # when not running: helper = other


def alias():
    first = AsyncRuntime() if trio.lowlevel.in_trio_run() else Runtime()
    second = first
    second.execute()  # when running: second = AsyncRuntime()


def narrowed(x):
    asyncio._get_running_loop()
    if x:
        value = None
    elif other():
        value = make()
    else:
        value = False
    if value:
        use(value)  # when any: value = make()
    use(value)  # when any: value = None | make() | False


def unpacked():
    asyncio._get_running_loop()
    a, b = make()
    use(a)  # when any: a = ?


def not_followed():
    a = one()
    a = two()
    use(a)  # when any: a = one() | two()


class Owner:
    def start(self):
        if trio.lowlevel.in_trio_run():
            self.client = AsyncClient()
        else:
            self.client = Client()
        self.client.get()  # when running: self.client = AsyncClient() # when not running: self.client = Client()

    def use(self):
        asyncio._get_running_loop()
        self.client.get()  # when any: self.client = ?


def optional_import():
    try:
        import uvloop
    except ImportError:
        uvloop = None
    if uvloop is not None:
        asyncio._get_running_loop()
        use(uvloop)  # loop: running|not-running # when any: uvloop = import uvloop


def current_then_new():
    loop = asyncio.get_event_loop()
    if loop.is_running():
        return use(loop)  # loop: running # when any: loop = asyncio.get_event_loop()
    loop = asyncio.new_event_loop()
    if loop.is_running():
        use(loop)  # loop: dead
    use(loop)  # loop: not-running # when any: loop = asyncio.new_event_loop()


def new_then_current():
    loop = asyncio.new_event_loop()
    if not loop.is_running():
        use(loop)  # loop: unknown # when any: loop = asyncio.new_event_loop()
    loop = asyncio.get_event_loop()
    if not loop.is_running():
        use(loop)  # loop: not-running # when any: loop = asyncio.get_event_loop()


def running_or_new():
    try:
        loop = asyncio.get_running_loop()
    except RuntimeError:
        loop = asyncio.new_event_loop()
    use(loop)  # when running: loop = asyncio.get_running_loop() # when not running: loop = asyncio.new_event_loop()
    loop = None
    if loop is None:
        use(loop)  # loop: running|not-running # when any: loop = None


def future_of_each_arm():
    if trio.lowlevel.in_trio_run():
        future = threadsafe()
        use(future)  # loop: running # when any: future = threadsafe()
    future = submit()
    future.result()  # loop: running|not-running # when any: future = submit()


def again_in_a_loop(items):
    loop = asyncio.get_event_loop()
    for item in items:
        loop.close()  # when any: loop = asyncio.get_event_loop() | asyncio.new_event_loop()
        loop = asyncio.new_event_loop()
    loop.close()  # when any: loop = asyncio.get_event_loop() | asyncio.new_event_loop()
