//! Words: one form for what reads alike, what words mean in general, and a text as terms.

pub(crate) mod lexicon;
pub(crate) mod normal;
pub(crate) mod terms;

pub(crate) use lexicon::{Kind, Lexicon};
pub(crate) use terms::{Own, Term, TermKind, terms};
