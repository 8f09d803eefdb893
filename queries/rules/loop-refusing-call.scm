; Code on a running event loop that calls what raises because one runs: a function that asks for the loop and refuses, of
; the project or of an installed package, or one that is known to.
;
; `#entry?` also holds where the object that is called was made because a loop runs.
(#set! rule "loop-refusing-call")

; A call: `runtime.execute(workflow)`, or of a function that calls it somewhere below.
((call) @report
  (#runs-on? @report "loop")
  (#entry? @report)
  (#reaches? @report "refuses-loop"))

; A read of a property whose getter refuses.
((attribute) @report
  (#runs-on? @report "loop")
  (#entry? @report)
  (#reaches? @report "refuses-loop"))

; A context manager whose `__enter__` or `__exit__` refuses: `with Client() as client:`.
((with_item) @report
  (#runs-on? @report "loop")
  (#entry? @report)
  (#reaches? @report "refuses-loop"))

; A loop over an iterator that refuses.
((for_statement) @report
  (#runs-on? @report "loop")
  (#entry? @report)
  (#reaches? @report "refuses-loop"))
