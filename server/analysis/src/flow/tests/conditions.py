"""Conditions and expressions."""


def both():
    loop = asyncio._get_running_loop()
    if loop is not None and loop.is_running():
        work()  # loop: running
    else:
        asyncio.run(main())  # loop: not-running


def either(forced):
    if forced or asyncio._get_running_loop() is None:
        start()  # loop: unknown|not-running
    else:
        work()  # loop: running


def not_both(wanted):
    if not (wanted and trio.lowlevel.in_trio_run()):
        trio.run(main)  # loop: unknown|not-running
    else:
        work()  # loop: running


def walrus():
    if (loop := asyncio._get_running_loop()) is not None:
        work()  # loop: running
    else:
        asyncio.run(main())  # loop: not-running
    if loop:
        work()  # loop: running


def walrus_truth():
    if loop := asyncio._get_running_loop():
        loop.create_task(x)  # loop: running # when any: loop = asyncio._get_running_loop()
    else:
        asyncio.run(main())  # loop: not-running


def conditional_expression():
    make = (
        task() if trio.lowlevel.in_trio_run()  # loop: running
        else start()  # loop: not-running
    )
    both(make)  # loop: running|not-running # when running: make = task() # when not running: make = start()


def short_circuit():
    loop = asyncio._get_running_loop()
    loop is None and start()  # loop: not-running
    loop is None or work()  # loop: running
    _ = loop and work()  # loop: running
    after()  # loop: running|not-running


def none_on_the_left():
    if None is asyncio._get_running_loop():
        asyncio.run(main())  # loop: not-running


def negations():
    loop = asyncio._get_running_loop()
    if not not loop:
        work()  # loop: running
    if not (loop is not None):
        asyncio.run(main())  # loop: not-running
    if (not loop) == True:
        asyncio.run(main())  # loop: not-running


def chain_of_elif(kind):
    if kind == 1:
        one()  # loop: unknown
    elif asyncio._get_running_loop():  # loop: unknown
        work()  # loop: running
    elif kind == 2:
        two()  # loop: not-running
    else:
        asyncio.run(main())  # loop: not-running


def match_of_flag():
    match trio.lowlevel.in_trio_run():
        case True:
            work()  # loop: running
        case False:
            trio.run(main)  # loop: not-running
        case _:
            other()  # loop: dead


def match_of_none():
    loop = asyncio._get_running_loop()
    match loop:
        case None:
            asyncio.run(main())  # loop: not-running
        case _ if work():  # loop: running
            work()  # loop: running
        case other:
            work()  # loop: running
    after()  # loop: running|not-running


def match_of_other(command):
    asyncio._get_running_loop()
    match command:
        case "go":
            work()  # loop: running|not-running
        case Point(x=0) | [1, 2]:
            work()  # loop: running|not-running
    after()  # loop: running|not-running


def in_comprehension(items):
    found = [start(i) for i in items if not trio.lowlevel.in_trio_run()]  # loop: not-running
    return found


def comprehension_has_its_own_names(loops):
    loop = asyncio._get_running_loop()
    names = [loop for loop in loops if loop is None]
    if loop is None:
        asyncio.run(main())  # loop: not-running


def conditional_of_conditions(x):
    if trio.lowlevel.in_trio_run() if x else True:
        work()  # loop: unknown|running
    else:
        trio.run(main)  # loop: not-running


def order_of_arguments():
    call(asyncio.get_running_loop())  # loop: running
    after()  # loop: running


def name_deleted():
    loop = asyncio._get_running_loop()
    del loop
    if loop:
        work()  # loop: running|not-running


def name_of_the_loop_over(items):
    loop = None
    for loop in items:
        if loop is None:
            asyncio.get_running_loop()
        work()  # loop: unknown|running


def changed_by_nested():
    found = False

    def look():
        nonlocal found
        found = True

    look()
    if found:
        asyncio.get_running_loop()
        work()  # loop: running


def changed_global():
    global ready
    ready = False
    prepare()
    if ready:
        asyncio.get_running_loop()
        work()  # loop: running
