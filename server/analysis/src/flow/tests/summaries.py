"""What a function tells its callers, and what a caller makes of it."""


def on_loop():  # summary: True / False
    try:
        asyncio.get_running_loop()
        return True
    except RuntimeError:
        return False


def no_loop():  # summary: False / True
    return not on_loop()


def loop_or_none():  # summary: Loop(Running) / None
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        return None


def falls_through():  # summary: Loop(Running) / None
    with suppress(RuntimeError):
        return asyncio.get_running_loop()


def refuse():  # summary: refuses, raise on line +2
    if on_loop():
        raise RuntimeError("a loop runs")


def refuse_with_else():  # summary: refuses, raise on line +6
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        pass
    else:
        raise RuntimeError("a loop runs")


def refuse_through_helper():  # summary: refuses
    refuse()
    return asyncio.run(main())  # loop: not-running


def refuse_sometimes(strict):  # summary: nothing
    if strict:
        refuse()
    return asyncio.run(main())  # loop: unknown|not-running


def require():  # summary: requires
    return asyncio.get_running_loop().time()


def gives_up():  # summary: never
    raise SystemExit(1)


def gives_up_after_all():  # summary: never
    if other():
        sys.exit(1)
    else:
        gives_up()
    after()  # loop: dead


def only_when_wanted(wanted):  # summary: Any / False
    return on_loop() and wanted


def nothing_special():  # summary: nothing
    return 1


def generator():  # summary: nothing
    asyncio.get_running_loop()
    yield 1


async def coroutine():  # summary: nothing
    raise RuntimeError("no")


def user():
    if on_loop():
        work()  # loop: running
    elif no_loop():  # loop: not-running
        asyncio.run(main())  # loop: not-running
    else:
        never()  # loop: dead
    if loop_or_none() is None:
        asyncio.run(main())  # loop: not-running


def user_of_refusal():
    refuse()  # loop: unknown
    asyncio.run(main())  # loop: not-running


async def coroutine_uses_refusal():
    try:
        refuse()  # loop: running
        never()  # loop: dead
    except RuntimeError:
        work()  # loop: running


def fall_back():
    try:
        return refuse_through_helper()
    except RuntimeError:
        return work()  # loop: unknown|running


def user_of_condition(x):
    if only_when_wanted(x):
        work()  # loop: running
    else:
        asyncio.run(main())  # loop: running|not-running


class Service:
    def _check(self):  # summary: refuses, raise on line +2
        if trio.lowlevel.in_trio_run():
            raise RuntimeError("use await")

    def start_all(self):  # summary: refuses
        self._check()
        return trio.run(main)  # loop: not-running
