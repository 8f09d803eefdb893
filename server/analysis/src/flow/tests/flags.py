"""Flags that are set from a probe and tested later."""


def flag_in_arms():
    try:
        asyncio.get_running_loop()
        is_async = True
    except RuntimeError:
        is_async = False
    if is_async:
        work()  # loop: running
    else:
        asyncio.run(main())  # loop: not-running


def flag_of_identity():
    loop = asyncio._get_running_loop()
    has_loop = loop is not None
    if not has_loop:
        asyncio.run(main())  # loop: not-running
        return
    work()  # loop: running


def flag_of_call():
    running = asyncio.get_event_loop().is_running()
    idle = not running
    if idle:
        asyncio.run(main())  # loop: not-running
    if running:
        work()  # loop: running


def flag_compared():
    running = trio.lowlevel.in_trio_run()
    if running == True:
        work()  # loop: running
    if running is False:
        trio.run(main)  # loop: not-running
    if running != True:
        trio.run(main)  # loop: not-running


def flag_of_words():
    try:
        asyncio.get_running_loop()
        mode = "async"
    except RuntimeError:
        mode = "sync"
    if mode == "async":
        work()  # loop: running
    elif mode == "sync":
        asyncio.run(main())  # loop: not-running
    else:
        other()  # loop: dead


def flag_of_numbers():
    mode = 1 if trio.lowlevel.in_trio_run() else 0
    if mode:
        work()  # loop: running
    else:
        trio.run(main)  # loop: not-running


def flag_set_before():
    is_async = False
    try:
        asyncio.get_running_loop()
        is_async = True
    except RuntimeError:
        pass
    if is_async:
        work()  # loop: running
    else:
        asyncio.run(main())  # loop: not-running


def flag_of_both(wanted):
    use = wanted and trio.lowlevel.in_trio_run()
    if use:
        work()  # loop: running
    else:
        trio.run(main)  # loop: unknown|not-running


def flag_of_either(forced):
    use = forced or trio.lowlevel.in_trio_run()
    if use:
        work()  # loop: unknown|running
    else:
        trio.run(main)  # loop: not-running


def flag_with_bool():
    has = bool(asyncio._get_running_loop())
    if has:
        work()  # loop: running
    else:
        asyncio.run(main())  # loop: not-running


def flag_overwritten():
    running = trio.lowlevel.in_trio_run()
    running = compute()
    if running:
        work()  # loop: running|not-running


def flag_of_a_parameter(use_async):
    if use_async:
        asyncio.get_running_loop()
    work()  # loop: unknown|running
    if use_async:
        work()  # loop: running
    else:
        asyncio.run(main())  # loop: unknown


def alias():
    running = trio.lowlevel.in_trio_run()
    on_loop = running
    if on_loop:
        work()  # loop: running
    else:
        trio.run(main)  # loop: not-running


def taken_apart():
    running, other = trio.lowlevel.in_trio_run(), 1
    if running:
        work()  # loop: running
    else:
        trio.run(main)  # loop: not-running


class Registry:
    def __init__(self):  # flag _is_async: True / False
        try:
            asyncio.get_running_loop()
            self.runtime = AsyncRuntime()
            self._is_async = True
        except RuntimeError:
            self.runtime = Runtime()
            self._is_async = False
        self._set_up()
        self.runtime.start()  # when running: self.runtime = AsyncRuntime() # when not running: self.runtime = Runtime()

    def execute(self):
        if self._is_async:
            return work()  # loop: running
        return asyncio.run(main())  # loop: not-running

    def execute_inverse(self):
        if not self._is_async:
            return asyncio.run(main())  # loop: not-running
        return work()  # loop: running

    async def in_coroutine(self):
        if self._is_async:
            await work()  # loop: running
        else:
            asyncio.run(main())  # loop: dead

    def kept_in_local(self):
        is_async = self._is_async
        if is_async:
            work()  # loop: running
        else:
            asyncio.run(main())  # loop: not-running

    def given(self, other):
        if other._is_async:
            work()  # loop: running


class Holder:
    def __init__(self):  # flag _loop: Loop(Running) / None # flag name: none
        self.name = "x"
        try:
            self._loop = asyncio.get_running_loop()
        except RuntimeError:
            self._loop = None

    def run(self):
        if self._loop is None:
            return asyncio.run(main())  # loop: not-running
        return work()  # loop: running

    def run_truthy(self):
        if self._loop:
            return work()  # loop: running
        return asyncio.run(main())  # loop: not-running


class Changed:
    def check(self):
        self.ready = False
        self.start()
        if self.ready:
            work()  # loop: unknown
        asyncio.get_running_loop()

    def unchanged(self):
        self.ready = False
        if self.ready:
            work()  # loop: dead
        asyncio.get_running_loop()

    async def waits(self):
        self.ready = False
        await other()
        if self.ready:
            work()  # loop: running
        asyncio.get_running_loop()
