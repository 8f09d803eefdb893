; Code on a running event loop that blocks it: nothing else of the loop runs until it returns.
;
; The finding is where the loop's code enters the chain (`#entry?`). Whole-file reads and writes (`file`) are a rule of
; their own, blocking-file-io, and `cpu` is not asked for here.
(#set! rule "blocking-call")

; A call: `time.sleep(1)`, `requests.get(url)`, or of a function that does so somewhere below.
((call) @report
  (#runs-on? @report "loop")
  (#entry? @report)
  (#reaches? @report "blocking" "sleep" "http" "socket" "dns" "db" "cloud" "subprocess" "input"
    "lock" "queue" "thread-join" "future-result"))

; A read of a property whose getter blocks: `instance.related` of an ORM.
((attribute) @report
  (#runs-on? @report "loop")
  (#entry? @report)
  (#reaches? @report "blocking" "sleep" "http" "socket" "dns" "db" "cloud" "subprocess" "input"
    "lock" "queue" "thread-join" "future-result"))

; A context manager that blocks on entry or exit: `with psycopg.connect(dsn) as connection:`.
((with_item) @report
  (#runs-on? @report "loop")
  (#entry? @report)
  (#reaches? @report "blocking" "sleep" "http" "socket" "dns" "db" "cloud" "subprocess" "input"
    "lock" "queue" "thread-join" "future-result"))

; An iteration that blocks at every step: `for row in cursor:`.
((for_statement) @report
  (#runs-on? @report "loop")
  (#entry? @report)
  (#reaches? @report "blocking" "sleep" "http" "socket" "dns" "db" "cloud" "subprocess" "input"
    "lock" "queue" "thread-join" "future-result"))
