"""Dead code, in functions that say nothing of the loop too."""


def after_return():
    if other():
        return work()  # loop: unknown
    else:
        raise ValueError(work())  # loop: unknown
    after()  # loop: dead


def after_break(items):
    for item in items:
        break
        work()  # loop: dead
    after()  # loop: unknown


def after_while_true():
    while True:
        work()  # loop: unknown
    after()  # loop: dead


def while_true_left():
    while 1:
        if work():  # loop: unknown
            break
    after()  # loop: unknown


def never_entered():
    if False:
        work()  # loop: dead
    while False:
        work()  # loop: dead
    after()  # loop: unknown


def handler_after_return():
    try:
        return work()  # loop: unknown
    except KeyError:
        pass
    after()  # loop: unknown


def with_that_returns():
    # Any context manager may swallow what the block raises; that nothing says so makes it an implicit path.
    with something(x):
        return work()  # loop: unknown
    after()  # loop: implicit-unknown


def with_that_swallows():
    with suppress(KeyError):
        return x
    after()  # loop: unknown


def exit_first():
    sys.exit(1)  # loop: unknown
    after()  # loop: dead


def match_all(x):
    match x:
        case 1:
            return work()  # loop: unknown
        case _:
            return work()  # loop: unknown
    after()  # loop: dead


def nested_function():
    return inner
    def inner():
        work()  # loop: unknown


async def coroutine():
    await work()  # loop: running
    return
    await work()  # loop: dead


work()  # loop: unknown
if __name__ == "__main__":
    asyncio.run(main())  # loop: unknown
