async def default_argument(x=None):
    x = x or Resource()  # leaks: returns, raises, cancelled
    await x.get()

async def own_flag(x=None):
    own = x is None
    if own:
        x = Resource()  # no leaks
    try:
        await x.get()
    finally:
        if own:
            await x.aclose()  # closed

async def flag_set_in_the_arm(x=None):
    close = False
    if x is None:
        x = Resource()  # no leaks
        close = True
    try:
        await x.get()
    finally:
        if close:
            await x.aclose()  # closed

async def flag_and_no_finally(x=None):
    own = x is None
    if own:
        x = Resource()  # leaks: raises, cancelled
    await x.get()
    if own:
        await x.aclose()  # closed

async def none_check():
    x = Resource()  # no leaks
    if x is None:
        return
    try:
        await x.get()
    finally:
        if x is not None and not x.closed:
            await x.aclose()  # closed

async def closing_arm_leaves(a):
    x = Resource()  # leaks: returns, raises, cancelled
    if a:
        await x.aclose()  # closed
        return
    await x.get()

async def either_arm(a):
    x = Resource()  # no leaks
    if a:
        await x.aclose()  # closed
    else:
        await x.aclose()  # closed

async def kept_or_closed(self, keep):
    x = Resource()  # no leaks
    if keep:
        self.x = x
    else:
        await x.aclose()  # closed

async def conditional_expression(a, y):
    x = Resource() if a else y  # leaks: returns, raises, cancelled
    await x.get()

async def short_circuit():
    x = None
    try:
        x = Resource()  # no leaks
        await x.get()
    finally:
        x and await x.aclose()  # closed

async def is_closed_asked():
    x = Resource()  # leaks: raises, cancelled
    await x.get()
    if not x.is_closed:
        await x.aclose()  # closed

async def always():
    x = Resource()  # leaks: raises, cancelled
    while True:
        await x.get()

async def while_true_with_break(a):
    x = Resource()  # no leaks
    while True:
        if a:
            break
    await x.aclose()  # closed
