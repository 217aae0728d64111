//! Memory: encrypted SQLite, and the only crate that speaks SQL.
