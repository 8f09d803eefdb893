//! The grammar's node kinds and fields as enums, so that lowering matches on small integers.

use std::sync::LazyLock;

use tree_sitter::{Node, TreeCursor};

macro_rules! kinds {
    ($(#[$doc:meta])* $enum:ident { named { $($named:ident = $name:literal,)* } tokens { $($token:ident = $text:literal,)* } }) => {
        $(#[$doc])*
        #[derive(Copy, Clone, PartialEq, Eq, Debug)]
        pub(super) enum $enum {
            $($named,)*
            $($token,)*
            /// What the grammar could not make sense of.
            Error,
            /// A named node without a meaning of its own here.
            Node,
            /// Any other keyword or punctuation.
            Token,
        }

        impl $enum {
            fn of_name(name: &str, is_named: bool) -> Self {
                match (name, is_named) {
                    $(($name, true) => Self::$named,)*
                    $(($text, false) => Self::$token,)*
                    (_, true) => Self::Node,
                    (_, false) => Self::Token,
                }
            }
        }
    };
}

kinds! {
    /// The kind of a node.
    Kind {
        named {
        AliasedImport = "aliased_import",
        ArgumentList = "argument_list",
        AsPattern = "as_pattern",
        AsPatternTarget = "as_pattern_target",
        AssertStatement = "assert_statement",
        Assignment = "assignment",
        Attribute = "attribute",
        AugmentedAssignment = "augmented_assignment",
        Await = "await",
        BinaryOperator = "binary_operator",
        Block = "block",
        BooleanOperator = "boolean_operator",
        BreakStatement = "break_statement",
        Call = "call",
        CaseClause = "case_clause",
        CasePattern = "case_pattern",
        ClassDefinition = "class_definition",
        ClassPattern = "class_pattern",
        Comment = "comment",
        ComparisonOperator = "comparison_operator",
        ComplexPattern = "complex_pattern",
        ConcatenatedString = "concatenated_string",
        ConditionalExpression = "conditional_expression",
        ConstrainedType = "constrained_type",
        ContinueStatement = "continue_statement",
        DecoratedDefinition = "decorated_definition",
        Decorator = "decorator",
        DefaultParameter = "default_parameter",
        DeleteStatement = "delete_statement",
        DictPattern = "dict_pattern",
        Dictionary = "dictionary",
        DictionaryComprehension = "dictionary_comprehension",
        DictionarySplat = "dictionary_splat",
        DictionarySplatPattern = "dictionary_splat_pattern",
        DottedName = "dotted_name",
        ElifClause = "elif_clause",
        Ellipsis = "ellipsis",
        ElseClause = "else_clause",
        ExceptClause = "except_clause",
        ExecStatement = "exec_statement",
        ExpressionList = "expression_list",
        ExpressionStatement = "expression_statement",
        False = "false",
        FinallyClause = "finally_clause",
        Float = "float",
        ForInClause = "for_in_clause",
        ForStatement = "for_statement",
        FormatExpression = "format_expression",
        FormatSpecifier = "format_specifier",
        FunctionDefinition = "function_definition",
        FutureImportStatement = "future_import_statement",
        GeneratorExpression = "generator_expression",
        GenericType = "generic_type",
        GlobalStatement = "global_statement",
        Identifier = "identifier",
        IfClause = "if_clause",
        IfStatement = "if_statement",
        ImportFromStatement = "import_from_statement",
        ImportPrefix = "import_prefix",
        ImportStatement = "import_statement",
        Integer = "integer",
        Interpolation = "interpolation",
        KeywordArgument = "keyword_argument",
        KeywordPattern = "keyword_pattern",
        KeywordSeparator = "keyword_separator",
        Lambda = "lambda",
        LambdaParameters = "lambda_parameters",
        LineContinuation = "line_continuation",
        List = "list",
        ListComprehension = "list_comprehension",
        ListPattern = "list_pattern",
        ListSplat = "list_splat",
        ListSplatPattern = "list_splat_pattern",
        MatchStatement = "match_statement",
        MemberType = "member_type",
        NamedExpression = "named_expression",
        None = "none",
        NonlocalStatement = "nonlocal_statement",
        NotOperator = "not_operator",
        Pair = "pair",
        Parameters = "parameters",
        ParenthesizedExpression = "parenthesized_expression",
        PassStatement = "pass_statement",
        PatternList = "pattern_list",
        PositionalSeparator = "positional_separator",
        PrintStatement = "print_statement",
        RaiseStatement = "raise_statement",
        RelativeImport = "relative_import",
        ReturnStatement = "return_statement",
        Set = "set",
        SetComprehension = "set_comprehension",
        Slice = "slice",
        SplatPattern = "splat_pattern",
        SplatType = "splat_type",
        String = "string",
        StringEnd = "string_end",
        StringStart = "string_start",
        Subscript = "subscript",
        True = "true",
        TryStatement = "try_statement",
        Tuple = "tuple",
        TuplePattern = "tuple_pattern",
        Type = "type",
        TypeAliasStatement = "type_alias_statement",
        TypeParameter = "type_parameter",
        TypedDefaultParameter = "typed_default_parameter",
        TypedParameter = "typed_parameter",
        UnaryOperator = "unary_operator",
        UnionPattern = "union_pattern",
        UnionType = "union_type",
        WhileStatement = "while_statement",
        WildcardImport = "wildcard_import",
        WithClause = "with_clause",
        WithItem = "with_item",
        WithStatement = "with_statement",
        Yield = "yield",
        }
        tokens {
        And = "and",
        As = "as",
        Async = "async",
        Bar = "|",
        Colon = ":",
        Comma = ",",
        Def = "def",
        DoubleEqual = "==",
        Equal = "=",
        From = "from",
        Greater = ">",
        GreaterEqual = ">=",
        In = "in",
        Is = "is",
        IsNot = "is not",
        Less = "<",
        LessEqual = "<=",
        Minus = "-",
        NotEqual = "!=",
        NotEqualOld = "<>",
        NotIn = "not in",
        Star = "*",
        StarStar = "**",
        Underscore = "_",
        }
    }
}

macro_rules! fields {
    ($(#[$doc:meta])* $enum:ident { $($variant:ident = $name:literal,)* }) => {
        $(#[$doc])*
        #[derive(Copy, Clone, PartialEq, Eq, Debug)]
        pub(super) enum $enum {
            $($variant,)*
            /// No field, or one without a meaning here.
            No,
        }

        impl $enum {
            fn of_name(name: &str) -> Self {
                match name {
                    $($name => Self::$variant,)*
                    _ => Self::No,
                }
            }
        }
    };
}

fields! {
    /// The field of its parent that a node fills.
    Field {
        Alias = "alias",
        Argument = "argument",
        Body = "body",
        Cause = "cause",
        Guard = "guard",
        Left = "left",
        ModuleName = "module_name",
        Name = "name",
        ReturnType = "return_type",
        Right = "right",
        Subject = "subject",
        Superclasses = "superclasses",
        Type = "type",
        TypeParameters = "type_parameters",
        Value = "value",
    }
}

static KINDS: LazyLock<Vec<Kind>> = LazyLock::new(|| {
    let language = crate::parse::language();
    (0..language.node_kind_count())
        .map(|id| {
            let id = id as u16;
            let name = language.node_kind_for_id(id).unwrap_or_default();
            Kind::of_name(name, language.node_kind_is_named(id))
        })
        .collect()
});

static FIELDS: LazyLock<Vec<Field>> = LazyLock::new(|| {
    let language = crate::parse::language();
    // Field ids start at 1.
    (0..=language.field_count())
        .map(|id| language.field_name_for_id(id as u16).map_or(Field::No, Field::of_name))
        .collect()
});

/// The two tables, looked up once per file.
#[derive(Copy, Clone)]
pub(super) struct Tables {
    kinds: &'static [Kind],
    fields: &'static [Field],
}

impl Tables {
    pub(super) fn get() -> Self {
        Self { kinds: &KINDS, fields: &FIELDS }
    }

    pub(super) fn kind(self, node: Node<'_>) -> Kind {
        // Only the id of ERROR lies outside the table.
        self.kinds.get(node.kind_id() as usize).copied().unwrap_or(Kind::Error)
    }

    pub(super) fn field(self, cursor: &TreeCursor<'_>) -> Field {
        cursor.field_id().map_or(Field::No, |id| self.fields[id.get() as usize])
    }
}

impl Kind {
    /// Whether a node of this kind lowers to an expression.
    pub(super) fn is_expression(self) -> bool {
        use Kind::*;
        matches!(
            self,
            AsPattern
                | Attribute
                | Await
                | BinaryOperator
                | BooleanOperator
                | Call
                | ComparisonOperator
                | ConcatenatedString
                | ConditionalExpression
                | ConstrainedType
                | Dictionary
                | DictionaryComprehension
                | DictionarySplat
                | DictionarySplatPattern
                | DottedName
                | Ellipsis
                | ExpressionList
                | False
                | Float
                | GeneratorExpression
                | GenericType
                | Identifier
                | Integer
                | Lambda
                | List
                | ListComprehension
                | ListPattern
                | ListSplat
                | ListSplatPattern
                | MemberType
                | NamedExpression
                | None
                | NotOperator
                | ParenthesizedExpression
                | PatternList
                | Set
                | SetComprehension
                | Slice
                | SplatType
                | String
                | Subscript
                | True
                | Tuple
                | TuplePattern
                | Type
                | UnaryOperator
                | UnionType
                | Yield
        )
    }

    /// Whether a node of this kind lowers to a statement.
    pub(super) fn is_statement(self) -> bool {
        use Kind::*;
        matches!(
            self,
            AssertStatement
                | BreakStatement
                | ClassDefinition
                | ContinueStatement
                | DecoratedDefinition
                | DeleteStatement
                | ExecStatement
                | ExpressionStatement
                | ForStatement
                | FunctionDefinition
                | FutureImportStatement
                | GlobalStatement
                | IfStatement
                | ImportFromStatement
                | ImportStatement
                | MatchStatement
                | NonlocalStatement
                | PassStatement
                | PrintStatement
                | RaiseStatement
                | ReturnStatement
                | TryStatement
                | TypeAliasStatement
                | WhileStatement
                | WithStatement
        )
    }

    /// Comments and continuation lines, which stand anywhere.
    pub(super) fn is_trivia(self) -> bool {
        matches!(self, Kind::Comment | Kind::LineContinuation)
    }

    /// Keywords and punctuation.
    pub(super) fn is_token(self) -> bool {
        use Kind::*;
        matches!(
            self,
            And | As
                | Async
                | Bar
                | Colon
                | Comma
                | Def
                | DoubleEqual
                | Equal
                | From
                | Greater
                | GreaterEqual
                | In
                | Is
                | IsNot
                | Less
                | LessEqual
                | Minus
                | NotEqual
                | NotEqualOld
                | NotIn
                | Star
                | StarStar
                | Token
                | Underscore
        )
    }
}
