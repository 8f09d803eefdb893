"""Where exceptions go."""


def ordinary_handler():
    try:
        work()  # loop: unknown
    except ValueError:
        handle()  # loop: unknown
    except Exception:
        handle()  # loop: unknown
    else:
        fine()  # loop: unknown
    finally:
        always()  # loop: unknown


def ordinary_handler_beside_probe():
    loop = asyncio._get_running_loop()
    if loop:
        return
    try:
        work()  # loop: not-running
    except Exception:
        asyncio.run(main())  # loop: not-running


def handler_without_source():
    x = asyncio._get_running_loop()
    try:
        y = x
    except NameError:
        handle()  # loop: running|not-running


def handler_of_another_class():
    try:
        asyncio.get_running_loop()
        work()
    except ImportError:
        handle()  # loop: running
    except RuntimeError:
        asyncio.run(main())  # loop: not-running|implicit-running
    except Exception:
        handle()  # loop: running


def work_before_the_probe():
    try:
        prepare()
        asyncio.get_running_loop()
    except RuntimeError:
        asyncio.run(main())  # loop: not-running|implicit-unknown


def implicit_is_carried_on():
    try:
        asyncio.get_running_loop()
        work()
    except RuntimeError:
        pass
    else:
        return
    asyncio.run(main())  # loop: not-running|implicit-running


def nested_try():
    try:
        try:
            asyncio.get_running_loop()
        except ValueError:
            handle()  # loop: running
    except RuntimeError:
        asyncio.run(main())  # loop: not-running|implicit-running


def inner_try_catches():
    try:
        try:
            asyncio.get_running_loop()
        except RuntimeError:
            asyncio.run(main())  # loop: not-running
        work()  # loop: running|not-running
    except RuntimeError:
        handle()  # loop: running|not-running


def raised_again():
    try:
        try:
            asyncio.get_running_loop()
        except RuntimeError:
            raise
    except RuntimeError:
        asyncio.run(main())  # loop: not-running
    else:
        work()  # loop: running


def raised_as_another():
    try:
        try:
            asyncio.get_running_loop()
        except RuntimeError as e:
            raise NoLoop(str(e)) from e
        work()  # loop: running
    except NoLoop:
        asyncio.run(main())  # loop: running|not-running


def explicit_raise():
    try:
        if asyncio._get_running_loop() is None:
            raise LookupError()
    except LookupError:
        asyncio.run(main())  # loop: not-running
    else:
        work()  # loop: running


def raise_of_known_class_is_not_caught():
    try:
        if trio.lowlevel.in_trio_run():
            raise KeyError()
    except ValueError:
        handle()  # loop: not-running
    trio.run(main)  # loop: not-running


def in_finally():
    try:
        asyncio.get_running_loop()
        return work()
    except RuntimeError:
        return asyncio.run(main())
    finally:
        clean()  # loop: running|not-running|implicit-running
    after()  # loop: dead


def finally_only():
    try:
        loop = asyncio.get_running_loop()
    finally:
        clean()  # loop: running|not-running
    work()  # loop: running


def finally_that_returns():
    try:
        raise ValueError()
    finally:
        asyncio._get_running_loop()
        return 1  # loop: running|not-running
    after()  # loop: dead


def finally_keeps_what_went_on():
    try:
        try:
            asyncio.get_running_loop()
        finally:
            clean()  # loop: running|not-running
    except RuntimeError:
        # What `clean` raises is taken for the probe's failure.
        asyncio.run(main())  # loop: not-running|implicit-running|implicit-not-running


def finally_in_a_loop():
    while True:
        try:
            if asyncio._get_running_loop() is None:
                break
            if other():  # loop: running
                continue
            return
        finally:
            clean()  # loop: running|not-running
    asyncio.run(main())  # loop: not-running


def handler_name():
    try:
        asyncio.get_running_loop()
    except RuntimeError as e:
        log(e)  # loop: not-running
        if e is None:
            never()  # loop: dead
        asyncio.run(main())  # loop: not-running


def exit_is_not_an_exception():
    asyncio._get_running_loop()
    try:
        try:
            sys.exit(work())
        except Exception:
            pass
    except BaseException:
        handle()  # loop: running|not-running
    after()  # loop: running|not-running


def group():
    try:
        asyncio.get_running_loop()
        work()
    except* RuntimeError:
        asyncio.run(main())  # loop: not-running|implicit-running


def handler_by_constant(errors):
    try:
        asyncio.get_running_loop()
    except NO_LOOP_ERRORS:
        asyncio.run(main())  # loop: not-running
    except Exception:
        asyncio.run(main())  # loop: not-running


def unknown_error_of_the_work(errors):
    try:
        asyncio.get_running_loop()
        if errors:
            raise errors[0]
    except RuntimeError:
        asyncio.run(main())  # loop: not-running|implicit-running


def assertion():
    assert asyncio._get_running_loop() is None, explain()  # loop: unknown
    asyncio.run(main())  # loop: not-running


def assertion_caught():
    try:
        assert trio.lowlevel.in_trio_run()
    except AssertionError:
        trio.run(main)  # loop: not-running


def assertion_in_probe():
    try:
        asyncio.get_running_loop()
        assert ready
    except RuntimeError:
        asyncio.run(main())  # loop: not-running
