//! What an editor tells about the code under the pointer.

mod finding;
mod function;
mod life;
mod outside;
mod resource;

use crate::markup::{Block, Inline, Line, Markup};
use crate::symbols::{Target, finding_at, symbol_at, targets};
use asyncwise_analysis::analysis::Analysis;
use asyncwise_analysis::finding::{FileId, Finding};
use asyncwise_analysis::infer::Infer;
use asyncwise_analysis::knowledge::written_name;
use asyncwise_analysis::types::Ty;
use asyncwise_syntax::facts::Span;

/// The most alternatives of a name that are told about.
const MAX_TARGETS: usize = 3;

/// A hover.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Hover {
    /// The code it speaks of.
    pub span: Span,
    /// What it says.
    pub markup: Markup,
}

/// What is known about the code at `offset`: the finding there, what runs under the name there and where, how a resource
/// is closed. None where nothing is.
pub fn hover(analysis: &Analysis, findings: &[Finding], file: FileId, offset: u32) -> Option<Hover> {
    let what_happens = |found: &Finding| finding::what_happens(analysis, found);
    parts(analysis, findings, file, offset, what_happens)
}

/// The same without message and chain of the finding there, for editors that show these in the same place.
pub fn hover_beside_finding(analysis: &Analysis, findings: &[Finding], file: FileId, offset: u32) -> Option<Hover> {
    parts(analysis, findings, file, offset, |_| Vec::new())
}

fn parts(
    analysis: &Analysis,
    findings: &[Finding],
    file: FileId,
    offset: u32,
    what_happens: impl Fn(&Finding) -> Vec<Block>,
) -> Option<Hover> {
    let symbol = about_symbol(analysis, file, offset);
    let Some(found) = finding_at(findings, file, offset) else { return symbol };
    let symbol = symbol.map(|symbol| symbol.markup.blocks).unwrap_or_default();
    let parts = [what_happens(found), symbol, finding::rule_page(&found.rule)];
    let parts: Vec<_> = parts.into_iter().filter(|part| !part.is_empty()).collect();
    let markup = Markup { blocks: parts.join(&Block::Rule) };
    Some(Hover { span: found.place.span, markup })
}

/// What is known about the name at `offset`.
fn about_symbol(analysis: &Analysis, file: FileId, offset: u32) -> Option<Hover> {
    let mut infer = Infer::new(&analysis.world);
    let symbol = symbol_at(&mut infer, file, offset)?;
    let mut blocks = Vec::new();
    for target in targets(&symbol.ty).iter().take(MAX_TARGETS) {
        let lines: Vec<Line> = match target {
            Target::Function(def) => function::nature(analysis, *def),
            Target::Class(class) => {
                let mut lines = resource::of_own_class(&mut infer, *class);
                if symbol.is_definition {
                    lines.extend(life::of_owner(analysis, &mut infer, *class));
                } else if !lines.is_empty() {
                    lines.extend(life::of_call(analysis, file, &symbol));
                }
                if let Some(init) = infer.method(*class, "__init__") {
                    lines.extend(function::effects(analysis, init));
                }
                lines
            }
            Target::Outside(path) => {
                let mut lines = outside::known(analysis, file, path);
                if analysis.world.knowledge.resource(path).is_some() {
                    lines.extend(life::of_call(analysis, file, &symbol));
                }
                lines
            }
            Target::Instance(class) => resource::of_instance(analysis, &mut infer, file, &symbol, class),
            Target::Coroutine => vec![function::unawaited()],
        };
        if !lines.is_empty() && !blocks.contains(&Block::List { items: lines.clone(), is_numbered: false }) {
            blocks.extend(title(analysis, &symbol.ty, target));
            blocks.push(Block::List { items: lines, is_numbered: false });
        }
    }
    (!blocks.is_empty()).then_some(Hover { span: symbol.span, markup: Markup { blocks } })
}

/// The name of what the next lines are about, where the code does not say it.
fn title(analysis: &Analysis, ty: &Ty, target: &Target) -> Option<Block> {
    let name = match target {
        Target::Function(def) if ty.parts().len() > 1 => analysis.world.qualified_name(*def),
        Target::Outside(path) => written_name(path).to_owned(),
        _ => return None,
    };
    Some(Block::Paragraph(vec![Inline::code(name)]))
}
