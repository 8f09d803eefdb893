//! What each area of Python lowers to, as the dump of its facts.

use asyncwise_syntax::dump::dump;
use expect_test::{Expect, expect};

fn check(source: &str, expected: Expect) {
    expected.assert_eq(&dump(&asyncwise_syntax::facts(source)));
}

#[test]
fn functions_and_their_headers() {
    check(
        "@dec(1)\nasync def f(a, /, b: int = x, *args: T, c=d(), **kw) -> R:\n    return await g(a)\n",
        expect![[r#"
            #0 module
              f@18: #1
              | def #1
            #1 async def f [await]
              @ dec(1)
              params a [positional], b: int = x, *args: T, c = d() [keyword], **kw
              -> R
              a@20: param (no statement)
              b@26: param (no statement)
              args@39: param (no statement)
              c@48: param (no statement)
              kw@57: param (no statement)
              | return (await g(a))
            call dec in #0: of a header
            call d in #0: of a header
            call g in #1: await
        "#]],
    );
}

#[test]
fn classes_and_methods() {
    check(
        "class A(B, metaclass=M):\n    x: int = 1\n    def m(self):\n        self.y = C()\n        def inner(): yield self\n",
        expect![[r#"
            #0 module
              A@6: #1
              | class #1
            #1 class A
              bases B, metaclass=M
              x@29: = 1
              m@48: #2
              | annotate x; int; 1
              | def #2
            #2 def m in #1
              params self
              self@50: param (no statement)
              inner@90: #3
              | assign self.y; C()
              | def #3
            #3 def inner in #2 [yield]
              | expr (yield self)
            call C in #2: assign
        "#]],
    );
}

#[test]
fn scopes_that_others_see_come_first() {
    check(
        "@d(lambda: 0)\ndef f(x=lambda: 1):\n    class L:\n        def m(self): pass\nif x:\n    class C([y for y in z]):\n        class D:\n            def m(self): (lambda: 2)\n        def n(self): pass\n",
        expect![[r#"
            #0 module
              f@18: #1
              C@89: #2
              | def #1
              | if x
                | class #2
            #1 def f
              @ d(lambda#6)
              params x = lambda#7
              x@20: param (no statement)
              L@44: #8
              | class #8
            #2 class C
              bases List#10
              D@122: #3
              n@174: #5
              | class #3
              | def #5
            #3 class D in #2
              m@141: #4
              | def #4
            #4 def m in #3
              params self
              self@143: param (no statement)
              | expr lambda#11
            #5 def n in #2
              params self
              self@176: param (no statement)
              | pass
            #6 lambda
              value 0
            #7 lambda
              value 1
            #8 class L in #1
              m@59: #9
              | def #9
            #9 def m in #8
              params self
              self@61: param (no statement)
              | pass
            #10 comprehension
              for y in z
              value y
              y@98: for z (no statement)
            #11 lambda in #4
              value 2
            call d in #0: of a header
        "#]],
    );
}

#[test]
fn lambdas_evaluate_defaults_outside() {
    check(
        "f = lambda x, *, y=g(): (z := x) or (lambda: y)\n",
        expect![[r#"
        #0 module
          f@0: = lambda#1
          | assign f; lambda#1
        #1 lambda
          params x, y = g() [keyword]
          value (or (:= z x) lambda#2)
          x@11: param (no statement)
          y@17: param (no statement)
          z@25: = x
        #2 lambda in #1
          value y
        call g in #0: of a lambda
    "#]],
    );
}

#[test]
fn comprehensions_evaluate_the_first_iterable_outside() {
    check(
        "async def f():\n    a = [x async for x, y in g() if (last := x) for z in h(x)]\n    b = (await q for q in a)\n    return {k: v for k, v in b}, {*a}\n",
        expect![[r#"
            #0 module
              f@10: #1
              | def #1
            #1 async def f [await]
              a@19: = List#2
              last@52: = x
              b@82: = Generator#3
              | assign a; List#2
              | assign b; Generator#3
              | return (tuple Dict#4 (set (star a)))
            #2 async comprehension in #1 [await]
              async for (tuple x y) in g() if (:= last x)
              for z in h(x)
              value x
              x@36: part of async for g() (no statement)
              y@39: part of async for g() (no statement)
              z@67: for h(x) (no statement)
            #3 async comprehension in #1 [await]
              for q in a
              value (await q)
              q@99: for a (no statement)
            #4 comprehension in #1
              for (tuple k v) in b
              value k
              value v
              k@128: part of for b (no statement)
              v@131: part of for b (no statement)
            call g in #1: of a comprehension
            call h in #2: of a comprehension
        "#]],
    );
}

#[test]
fn global_and_nonlocal_bind_elsewhere() {
    check(
        "def f():\n    global g\n    n = 0\n    g = 1\n    class C:\n        nonlocal n\n        n = 1\n        def m(self):\n            nonlocal n\n            n += 1\n    return lambda: (n := 2)\n",
        expect![[r#"
            #0 module
              f@4: #1
              g@36: = 1
              | def #1
            #1 def f
              global g
              n@26: = 0
              C@52: #2
              n@82: = 1
              n@144: op= 1
              | global g
              | assign n; 0
              | assign g; 1
              | class #2
              | return lambda#4
            #2 class C in #1
              nonlocal n
              m@100: #3
              | nonlocal n
              | assign n; 1
              | def #3
            #3 def m in #2
              params self
              nonlocal n
              self@102: param (no statement)
              | nonlocal n
              | augment n; 1
            #4 lambda in #1
              value (:= n 2)
              n@171: = 2
        "#]],
    );
}

#[test]
fn assignments_and_what_they_bind() {
    check(
        "a = b[0] = c.d = f()\n(x, *y, z), w = v\ni: int\nj: int = 2\na += 1\ndel a, (b.c, x)\n(k) = l = 3\n*m, = n\n",
        expect![[r#"
            #0 module
              a@0: = f()
              x@22: part of v
              y@26: part of v
              z@29: part of v
              w@33: [1] of v
              i@39: : int
              j@46: = 2
              a@57: op= 1
              a@68: del
              x@77: del
              k@81: = 3
              l@86: = 3
              m@93: part of n
              | assign a; (index b 0); c.d; f()
              | assign (tuple (tuple x (star y) z) w); v
              | annotate i; int
              | annotate j; int; 2
              | augment a; 1
              | del a; (tuple b.c x)
              | assign k; l; 3
              | assign (tuple (star m)); n
            call f in #0: assign
        "#]],
    );
}

#[test]
fn imports_of_every_form() {
    check(
        "import a.b, c as d\nfrom . import e\nfrom ..p.q import (r as s, t,)\nfrom u import *\nfrom __future__ import annotations\ndef f():\n    import g . h\n",
        expect![[r#"
            #0 module
              a@7: import 0
              d@17: import 1
              e@33: import 2
              s@59: import 3
              t@62: import 4
              annotations@105: import 6
              f@121: #1
              | import 0..2
              | import 2..3
              | import 3..5
              | import 5..6
              | import 6..7
              | def #1
            #1 def f
              g@137: import 7
              | import 7..8
            import a.b
            import c as d
            import .:e
            import ..p.q:r as s
            import ..p.q:t
            import u:*
            import __future__:annotations
            import g.h in #1
        "#]],
    );
}

#[test]
fn imports_that_may_not_happen() {
    check(
        "if TYPE_CHECKING:\n    import a\nelse:\n    import b\nif not typing.TYPE_CHECKING:\n    import c\nelse:\n    import d\ntry:\n    import e\n    def f(): import g\nexcept (ImportError, X):\n    import h\nelse:\n    import i\ntry:\n    import j\nexcept KeyError:\n    import k\n",
        expect![[r#"
            #0 module
              a@29: import 0
              b@48: import 1
              c@90: import 2
              d@109: import 3
              e@127: import 4
              f@137: #1
              h@187: import 6
              i@206: import 7
              j@224: import 8
              k@254: import 9
              | if TYPE_CHECKING
                | import 0..1
              | else
                | import 1..2
              | if (not typing.TYPE_CHECKING)
                | import 2..3
              | else
                | import 3..4
              | try
                | import 4..5
                | def #1
              | except (tuple ImportError X)
                | import 6..7
              | else
                | import 7..8
              | try
                | import 8..9
              | except KeyError
                | import 9..10
            #1 def f
              g@149: import 5
              | import 5..6
            import a [type checking]
            import b
            import c
            import d [type checking]
            import e [optional]
            import g in #1
            import h [optional]
            import i
            import j
            import k
        "#]],
    );
}

#[test]
fn compound_statements() {
    check(
        "if a: b\nelif (c := d): e\nelse: f\nwhile g:\n    break\nelse:\n    pass\nfor h, i in j, k: continue\nasync def l():\n    async for m in n: pass\n    async with o as p, q: pass\n    with (r as (s, t), u): pass\n    with (v as w): pass\n    with (x, y) as z.a: pass\n",
        expect![[r#"
            #0 module
              c@14: = d
              h@71: part of for (tuple j k)
              i@74: part of for (tuple j k)
              l@104: #1
              | if a
                | expr b
              | else
                | if (:= c d)
                  | expr e
                | else
                  | expr f
              | while g
                | break
              | else
                | pass
              | for (tuple h i); (tuple j k)
                | continue
              | def #1
            #1 async def l [await]
              m@123: async for n
              p@156: async with o
              s@183: part of with r
              t@186: part of with r
              w@214: with v
              | async for m; n
                | pass
              | async with o; p; q
                | pass
              | with r; (tuple s t); u
                | pass
              | with v; w
                | pass
              | with (tuple x y); z.a
                | pass
        "#]],
    );
}

#[test]
fn exceptions() {
    check(
        "try:\n    a\nexcept B as e:\n    raise C from e\nexcept (D, E):\n    raise\nexcept F, G:\n    pass\nexcept:\n    pass\nelse:\n    b\nfinally:\n    c\ntry: x\nexcept* Y: z\n",
        expect![[r#"
            #0 module
              e@23: except B
              | try
                | expr a
              | except B as e
                | raise C; e
              | except (tuple D E)
                | raise
              | except (tuple F G)
                | pass
              | except
                | pass
              | else
                | expr b
              | finally
                | expr c
              | try*
                | expr x
              | except Y
                | expr z
        "#]],
    );
}

#[test]
fn patterns() {
    check(
        "match a, b:\n    case [1, *rest] | P.q(x, k=-1) as z if c(): pass\n    case {'a': None, b.c: _, **more}: pass\n    case -1 + 2j | (\"s\" \"t\"): pass\n    case (n): pass\n    case o, _: pass\n    case P() | _: pass\n    case _: pass\n",
        expect![[r##"
            #0 module
              rest@26: pattern
              x@38: pattern
              z@50: pattern
              more@96: pattern
              n@153: pattern
              o@171: pattern
              | match
              | subject (tuple a b)
              | case 1, P.q, 1 if c()
                | pass
              | case "a", None, b.c
                | pass
              | case (op (unary 1) (number)), "st"
                | pass
              | case  [all]
                | pass
              | case 
                | pass
              | case P [all]
                | pass
              | case  [all]
                | pass
            call c in #0: match
        "##]],
    );
}

#[test]
fn soft_keywords_are_names() {
    check(
        "match = type(case).x\ntype(m).x = match[print]\nprint(match(type))\ntype X = int\ntype Y[T: A, *Ts, **P] = B\ntype: int = 3\n",
        expect![[r#"
            #0 module
              match@0: = type(case).x
              X@70: type int
              Y@83: type B
              type@105: = 3
              | assign match; type(case).x
              | assign type(m).x; (index match print)
              | expr print(match(type))
              | type X int
              | type Y B
              | annotate type; int; 3
            call type in #0: receiver
            call type in #0: receiver
            call match in #0: argument
            call print in #0: dropped
        "#]],
    );
}

#[test]
fn type_parameters_and_their_defaults() {
    check(
        "def f[T: (int, str) = int, *Ts = *tuple[int], **P = [a]](x: T) -> T: pass\nclass A[T = B](C[T]): pass\ntype D[T = E] = T\n",
        expect![[r#"
            #0 module
              f@4: #1
              A@80: #2
              D@106: type T
              | def #1
              | class #2
              | type D T
            #1 def f
              params x: T
              -> T
              T@6: type (tuple int str) (no statement)
              Ts@28: type (no statement)
              P@48: type (no statement)
              x@57: param (no statement)
              | pass
            #2 class A
              bases (index C T)
              T@82: type (no statement)
              | pass
        "#]],
    );
}

#[test]
fn annotations() {
    check(
        "x: A[int, *B].c | None\ndef f(a: list[Callable[..., X]], *b: *Ts, c: \"D\" = 1) -> tuple[*E]: pass\n",
        expect![[r##"
            #0 module
              x@0: : (| (index A (tuple int (star B))).c None)
              f@27: #1
              | annotate x; (| (index A (tuple int (star B))).c None)
              | def #1
            #1 def f
              params a: (index list (index Callable (tuple ... X))), *b: (star Ts), c: "D" = 1 [keyword]
              -> (index tuple (tuple (star E)))
              a@29: param (no statement)
              b@57: param (no statement)
              c@65: param (no statement)
              | pass
        "##]],
    );
}

#[test]
fn strings() {
    check(
        r#"a = 'x' "y\n\x41\u00e9\N{DASH}\
z" r'\n'
b = b"\x00" b''
c = f"{d!r:>{w(1)}} {{e}} {f'{g}'} {h:=5} {(i := j)}" "k"
l = t"{m}"
o = """p
q""" u''
"#,
        expect![[r##"
            #0 module
              a@0: = "xy\nAé\\N{DASH}z\\n"
              b@41: = (bytes)
              c@57: = (f-string d w(1) (f-string g) h (:= i j))
              i@101: = j
              l@115: = (t-string m)
              o@126: = "p\nq"
              | assign a; "xy\nAé\\N{DASH}z\\n"
              | assign b; (bytes)
              | assign c; (f-string d w(1) (f-string g) h (:= i j))
              | assign l; (t-string m)
              | assign o; "p\nq"
            call w in #0: f-string
        "##]],
    );
}

#[test]
fn numbers_and_constants() {
    check(
        "a = 0xff, 1_000, 0o17, 0b1, 1.5, 2j, 99999999999999999999, True, None, ...\n",
        expect![[r#"
        #0 module
          a@0: = (tuple 255 1000 15 1 (number) (number) (number) True None ...)
          | assign a; (tuple 255 1000 15 1 (number) (number) (number) True None ...)
    "#]],
    );
}

#[test]
fn operators() {
    check(
        "a + b * -c ** d\na < b <= c is not d not in e != f\na and b and c or d or (e or f) and not g\nh if i else j if k else l\nawait m ** n\nawait o.p(q)[r]\n",
        expect![[r#"
            #0 module [await]
              | expr (op a (op b (unary (op c d))))
              | expr (Order,Order,IsNot,NotIn,NotEq a b c d e f)
              | expr (or (and a b c) d (and (or e f) (not g)))
              | expr (if h i (if j k l))
              | expr (op (await m) n)
              | expr (await (index o.p(q) r))
            call o.p in #0: index
        "#]],
    );
}

#[test]
fn calls_and_stars() {
    check(
        "f(a, *b.c(), d=e, **g, h=i)\nf(x for x in y)\nf(*a or b)\n[*c.d, *e]\n{**f.g, h: i}\na[b], a[b,], a[b, c:d], a[::2], a[*b.c]\ng(h := i)\n*a.b, c\n",
        expect![[r#"
            #0 module
              h@122: = i
              | expr f(a, *b.c(), d=e, **g, h=i)
              | expr f(Generator#1)
              | expr f(*(or a b))
              | expr (list (star c.d) (star e))
              | expr (dict (star f.g) h i)
              | expr (tuple (index a b) (index a (tuple b)) (index a (tuple b (slice c d))) (index a (slice 2)) (index a (tuple (star b.c))))
              | expr g((:= h i))
              | expr (tuple (star a.b) c)
            #1 comprehension
              for x in y
              value x
              x@36: for y (no statement)
            call b.c in #0: argument
            call f in #0: dropped
            call f in #0: dropped
            call f in #0: dropped
            call g in #0: dropped
        "#]],
    );
}

#[test]
fn parentheses_are_not_part_of_an_expression() {
    let source = "((a)).b((c), (d, e), ( # f\n g))";
    let facts = asyncwise_syntax::facts(source);
    let texts: Vec<&str> = facts.exprs.iter().map(|expr| &source[expr.span.range()]).collect();
    expect![[r#"
        [
            "a",
            "((a)).b",
            "c",
            "d",
            "e",
            "(d, e)",
            "g",
            "((a)).b((c), (d, e), ( # f\n g))",
        ]
    "#]]
    .assert_debug_eq(&texts);
}

#[test]
fn yields_and_awaits_belong_to_their_function() {
    check(
        "async def f():\n    x = yield\n    yield from [lambda: (yield)]\n    def g():\n        return [i for i in h()]\n    class C:\n        a = (b async for b in c)\n",
        expect![[r#"
            #0 module
              f@10: #1
              | def #1
            #1 async def f [yield]
              x@19: = (yield)
              g@70: #3
              C@117: #5
              | assign x; (yield)
              | expr (yield-from (list lambda#2))
              | def #3
              | class #5
            #2 lambda in #1 [yield]
              value (yield)
            #3 def g in #1
              | return List#4
            #4 comprehension in #3
              for i in h()
              value i
              i@97: for h() (no statement)
            #5 class C in #1 [await]
              a@128: = Generator#6
              | assign a; Generator#6
            #6 async comprehension in #5 [await]
              async for b in c
              value b
              b@145: async for c (no statement)
            call h in #3: of a comprehension
        "#]],
    );
}

#[test]
fn python_2_is_other() {
    check(
        "print x, y()\nprint >>f, z\nexec 'a' in b\nraise E, v\n",
        expect![[r##"
        #0 module
          | other x; y()
          | other f; z
          | other "a"; b
          | raise (tuple E v)
        call y in #0: other
    "##]],
    );
}

#[test]
fn suppressions() {
    check(
        "a = 1  # asyncwise: ignore[rule-a, rule-b] because it is fine\nb = '# noqa' # noqa: ASYNC251, RUF006 - legacy\n# asyncwise: ignore\n# asyncwise: ignore-file[x]: all of it\nc # NOQA\nd # type: ignore # noqa:E501\n# asyncwise: ignored\n'''\n# noqa\n'''\n# asyncwise: ignore[unclosed\n",
        expect![[r##"
            #0 module
              a@0: = 1
              b@62: = "# noqa"
              | assign a; 1
              | assign b; "# noqa"
              | expr c
              | expr d
              | expr "\n# noqa\n"
            ignore rule-a@27..33 rule-b@35..41 "because it is fine"
            noqa ASYNC251@83..91 RUF006@93..99 "legacy"
            ignore ""
            ignore-file x@154..155 "all of it"
            noqa ""
            noqa E501@201..205 ""
        "##]],
    );
}

#[test]
fn line_ends_of_every_kind() {
    check(
        "if a:\r    b  # c\r    d\r\nif e:\r\n    f \\\r\n    .g\n\x0cdef h():\n    \x0c\n    i\n",
        expect![[r#"
        #0 module
          h@52: #1
          | if a
            | expr b
            | expr d
          | if e
            | expr f.g
          | def #1
        #1 def h
          | expr i
    "#]],
    );
}

#[test]
fn an_unclosed_parenthesis_makes_what_follows_uncertain() {
    check(
        "async def f():\n    a()\n    x = foo(a\n    y = 2\n\nasync def g():\n    time.sleep(1)\n",
        expect![[r#"
        #0 module
          f@10: #1
          | def #1 [broken]
        #1 async def f [broken]
          | expr a()
          | other x; foo; (other a y (other 2 async g) time sleep)(1) [broken]
        call a in #1: dropped
        call (other a y (other 2 async g) time sleep) in #1: other
        error 27..80
    "#]],
    );
}

#[test]
fn a_broken_method_leaves_the_others_whole() {
    check(
        "class A:\n    def m(self):\n        self.\n    async def n(self):\n        return h()\n    def o(self):\n        if x:\n            f(a b)\n        g()\n",
        expect![[r#"
            #0 module
              A@6: #1
              | class #1 [broken]
            #1 class A
              m@17: #2
              n@54: #3
              o@90: #4
              | def #2 [broken]
              | def #3
              | def #4 [broken]
            #2 def m in #1 [broken]
              params self
              self@19: param (no statement)
              | other self [broken]
            #3 async def n in #1
              params self
              self@56: param (no statement)
              | return h()
            #4 def o in #1
              params self
              self@92: param (no statement)
              | if x [broken]
                | expr f(a, (other b)) [broken]
              | expr g()
            call h in #3: return
            call f in #4: dropped
            call g in #4: dropped
            error 34..39
            error 129..130
        "#]],
    );
}

#[test]
fn errors_leave_the_whole_pieces() {
    check(
        "import a, \nfrom b import\nx = f(a, b c, d())\nif y(:\n    z()\ndef g(\nw = 1\n@\nclass B:\n    v = 2\n",
        expect![[r#"
            #0 module
              a@7: import 0
              a@31: import 1
              b@34: import 2
              d@39: import 3
              g@63: #1
              | import 0..1
              | other [broken]
              | import 1..4 [broken]
              | if y [broken]
                | other [broken]
                | expr z()
              | def #1 [broken]
            #1 def g [broken]
              params w = (other 1 B)
              w@66: param (no statement)
              v@87: = 2
              | assign v; 2
            import a
            import b:a
            import b:b
            import b:d
            call z in #0: dropped
            error 11..43
            error 48..49
            error 74..79
            error 81..81
        "#]],
    );
}
