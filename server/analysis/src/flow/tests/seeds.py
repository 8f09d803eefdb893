"""The shapes of the first projects that were read for this tool."""


class Engine:
    def discover_schema(self, real=True):  # summary: NotNone / Any # by default: refuses, raise on line +9
        if real:
            log.info("starting")
            try:
                import asyncio

                try:
                    loop = asyncio.get_running_loop()
                    if loop.is_running():
                        raise RuntimeError("discover_schema() cannot be called from a loop. Use discover_schema_async()")
                except RuntimeError as e:
                    if "discover_schema() cannot be called" in str(e):
                        raise
                    log.debug("no loop")  # loop: not-running
                    schema = asyncio.run(self._inspect())  # loop: not-running
                return schema  # loop: not-running
            except NotImplementedError:
                raise
            except RuntimeError as e:
                if "discover_schema() cannot be called" in str(e):
                    raise
                log.error(e)
                raise
            except (ConnectionError, Exception) as e:
                if isinstance(e, ConnectionError):
                    log.error(e)  # loop: unknown|not-running
                else:
                    raise
        return {}  # loop: unknown|not-running

    def refuses_by_text(self):  # summary: refuses, raise on line +3
        try:
            asyncio.get_running_loop()
            raise RuntimeError("called from async context. Use 'await x.execute_async()'")
        except RuntimeError as e:
            if "async context" in str(e):
                raise
        return asyncio.run(main())  # loop: not-running

    def refuses_by_interpolated_text(self):  # summary: refuses, raise on line +3
        try:
            asyncio.get_running_loop()
            raise RuntimeError(f"{self.name} called from async context")
        except RuntimeError as e:
            if "async context" in str(e):
                raise
        return asyncio.run(main())  # loop: not-running|implicit-running

    def refuses_by_own_text(self):  # summary: refuses, raise on line +3
        try:
            asyncio.get_running_loop()
            raise RuntimeError("not in a coroutine")
        except RuntimeError as e:
            message = str(e).lower()
            if "no running event loop" not in message:
                raise
        return asyncio.run(main())  # loop: not-running

    def refuses_by_prefix(self):  # summary: refuses, raise on line +3
        try:
            asyncio.get_running_loop()
            raise RuntimeError("Cannot block")
        except RuntimeError as error:
            if str(error).startswith("Cannot"):
                raise error
        return asyncio.run(main())  # loop: not-running

    def swallows_its_own_refusal(self):  # summary: nothing
        try:
            asyncio.get_running_loop()
            raise RuntimeError("cannot")
        except RuntimeError:
            return asyncio.run(main())  # loop: running|not-running

    def ensure_migration_tables(self):
        try:
            asyncio.get_running_loop()
            runtime = AsyncLocalRuntime()
            is_async = True
        except RuntimeError:
            runtime = LocalRuntime()
            is_async = False
        for sql in statements:
            results = runtime.execute(sql)  # when running: runtime = AsyncLocalRuntime() # when not running: runtime = LocalRuntime()
        if is_async:
            runtime.close()  # loop: running # when any: runtime = AsyncLocalRuntime()

    def run_migrations(self):
        try:
            loop = asyncio.get_running_loop()
            import concurrent.futures

            with concurrent.futures.ThreadPoolExecutor() as executor:
                future = executor.submit(asyncio.run, work())  # loop: running
                success, migrations = future.result()  # loop: running
        except RuntimeError:
            success, migrations = asyncio.run(work())  # loop: not-running|implicit-running
        if success:
            log.info("done")  # loop: running|not-running|implicit-running

    def current_schema(self):
        try:
            loop = asyncio.get_event_loop()
            schema = loop.run_until_complete(work())  # loop: unknown
        except RuntimeError:
            loop = asyncio.new_event_loop()  # loop: running|not-running|implicit-unknown
            asyncio.set_event_loop(loop)
            schema = loop.run_until_complete(work())  # loop: running|not-running|implicit-unknown
            loop.close()

    def record_migration(self):
        async def async_execute():
            return await self.record()  # loop: running

        try:
            loop = asyncio.get_running_loop()
            future = asyncio.run_coroutine_threadsafe(async_execute(), loop)  # loop: running # when any: loop = asyncio.get_running_loop()
            return future.result(timeout=30)  # loop: running
        except RuntimeError:
            return asyncio.run(async_execute())  # loop: not-running|implicit-running

    def fresh_schema(self):
        try:
            asyncio.get_running_loop()
            from kailash.runtime import AsyncLocalRuntime

            runtime = AsyncLocalRuntime()
            log.debug("async")
        except RuntimeError:
            from kailash.runtime.local import LocalRuntime

            runtime = LocalRuntime()
            log.debug("sync")
        results = runtime.execute()  # when running: runtime = AsyncLocalRuntime() # when not running: runtime = LocalRuntime()

    def security_check(self):
        try:
            return asyncio.run(check())  # loop: unknown
        except RuntimeError:
            return ok()  # loop: unknown|running
