; Code on a running event loop that starts another one.
;
; Each pattern is one way in which Python code runs other code without saying so with a call of its own. The finding is
; at the place where the loop's code enters (`#entry?`): in a coroutine, a callback or a handler, not in each plain
; function down the chain. What the chain leads to is `#reaches?`.
(#set! rule "nested-event-loop")

; A call: `asyncio.run(main())`, or of a function that does so somewhere below.
((call) @report
  (#runs-on? @report "loop")
  (#entry? @report)
  (#reaches? @report "starts-loop"))

; A read of a property whose getter starts a loop: `self.client.token`.
((attribute) @report
  (#runs-on? @report "loop")
  (#entry? @report)
  (#reaches? @report "starts-loop"))

; A context manager whose `__enter__` or `__exit__` starts a loop: `with runner():`.
((with_item) @report
  (#runs-on? @report "loop")
  (#entry? @report)
  (#reaches? @report "starts-loop"))

; A loop over an iterator whose `__next__` starts an event loop: `for row in rows:`.
((for_statement) @report
  (#runs-on? @report "loop")
  (#entry? @report)
  (#reaches? @report "starts-loop"))
