//! TOML text → as written, with every refusal turned into an error that names line, key and nearest known name.

use std::fmt::Display;
use std::ops::Range;
use std::path::Path;

use serde::de::DeserializeOwned;
use toml::Spanned;
use toml::de::{DeTable, DeValue, Deserializer};

use crate::WorkflowError;

/// A workflow file's text, and where its keys stand.
pub(crate) struct Source<'a> {
    pub file: &'a Path,
    pub text: &'a str,
}

impl Source<'_> {
    /// Parses the text into a written form.
    pub fn decode<T: DeserializeOwned>(&self) -> Result<T, WorkflowError> {
        toml::from_str(self.text).map_err(|error| self.explain(&error))
    }

    /// As [`Source::decode`], where each of these sections is an enum: the kind's name alone, or a table with that name
    /// under `kind` and the kind's own keys beside it.
    pub fn decode_kinds<T: DeserializeOwned>(&self, sections: &[&str]) -> Result<T, WorkflowError> {
        let mut root = DeTable::parse(self.text).map_err(|error| self.explain(&error))?;
        for section in sections {
            self.tag(root.get_mut(), section)?;
        }
        T::deserialize(Deserializer::from(root)).map_err(|error| self.explain(&error))
    }

    /// Turns a kind with its keys into what serde takes for a variant: a table of the kind's name, keeping positions.
    fn tag(&self, root: &mut DeTable<'_>, section: &str) -> Result<(), WorkflowError> {
        let Some((_, value)) = root.iter_mut().find(|(key, _)| key.get_ref() == section) else {
            return Ok(());
        };
        let span = value.span();
        let (kind, keys) = match std::mem::replace(value.get_mut(), DeValue::Boolean(false)) {
            DeValue::String(name) => (Spanned::new(span.clone(), name), DeTable::new()),
            DeValue::Table(table) => {
                let (mut kind, keys): (Vec<_>, Vec<_>) =
                    table.into_iter().partition(|(key, _)| key.get_ref() == "kind");
                let written = kind.pop().ok_or_else(|| self.missing(section, "kind"))?.1;
                let span = written.span();
                let DeValue::String(name) = written.into_inner() else {
                    return Err(self.invalid(&format!("{section}.kind"), &"no text", "a name in quotes"));
                };
                (Spanned::new(span, name), keys.into_iter().collect())
            }
            _ => return Err(self.invalid(section, &"no text", "a name in quotes, or a table with a `kind`")),
        };
        let variant = [(kind, Spanned::new(span, DeValue::Table(keys)))];
        *value.get_mut() = DeValue::Table(variant.into_iter().collect());
        Ok(())
    }

    /// The error for a value that has the right type and a wrong value; `key` is dotted, `parameters[1].mean`.
    pub fn invalid(&self, key: &str, value: &dyn Display, accepted: &str) -> WorkflowError {
        WorkflowError::InvalidValue {
            file: self.file.to_owned(),
            line: self.line_of(key),
            key: key.to_owned(),
            value: value.to_string(),
            accepted: accepted.to_owned(),
        }
    }

    /// The error for a required key that is not there; the line is that of its section.
    pub fn missing(&self, section: &str, key: &str) -> WorkflowError {
        WorkflowError::MissingKey {
            file: self.file.to_owned(),
            line: self.line_of(section),
            section: section.to_owned(),
            key: key.to_owned(),
        }
    }

    /// Line (from 1) of a dotted key, of its nearest existing ancestor where it isn't written itself.
    pub fn line_of(&self, key: &str) -> usize {
        let Ok(root) = DeTable::parse(self.text) else { return 1 };
        self.line(position(root.get_ref(), key).unwrap_or(0))
    }

    fn line(&self, offset: usize) -> usize {
        let before = self.text.get(..offset).unwrap_or(self.text);
        1 + before.matches('\n').count()
    }

    fn explain(&self, error: &toml::de::Error) -> WorkflowError {
        let span = error.span().unwrap_or(0..0);
        let message = error.message();
        if let Some(names) = unexpected(message) {
            return self.unknown_key(&span, &names);
        }
        let names = quoted(message);
        if message.starts_with("unknown field") {
            return self.unknown_key(&span, &names);
        }
        if message.starts_with("unknown variant") {
            return self.unknown_value(&span, &names);
        }
        if message.starts_with("missing field") {
            return self.missing(&self.section_at(span.start), names.first().map_or("", String::as_str));
        }
        WorkflowError::Syntax {
            file: self.file.to_owned(),
            line: self.line(span.start),
            key: self.key_at(span.start),
            message: message.trim().replace('\n', "; "),
        }
    }

    fn unknown_key(&self, span: &Range<usize>, names: &[String]) -> WorkflowError {
        let (key, accepted) = split_first(names);
        WorkflowError::UnknownKey {
            file: self.file.to_owned(),
            line: self.line(span.start),
            nearest: nearest(&key, &accepted),
            section: self.section_at(span.start),
            key,
            accepted: accepted.into(),
        }
    }

    fn unknown_value(&self, span: &Range<usize>, names: &[String]) -> WorkflowError {
        let (value, accepted) = split_first(names);
        WorkflowError::UnknownValue {
            file: self.file.to_owned(),
            line: self.line(span.start),
            key: self.key_at(span.start),
            nearest: nearest(&value, &accepted),
            value,
            accepted: accepted.into(),
        }
    }

    fn key_at(&self, offset: usize) -> String {
        let Ok(root) = DeTable::parse(self.text) else { return String::new() };
        let mut path = Vec::new();
        descend(root.get_ref(), offset, &mut path);
        path.join(".")
    }

    /// The table that a byte offset lies in: an inline table, or the last header at or above it.
    fn section_at(&self, offset: usize) -> String {
        let inline = self.key_at(offset);
        if !inline.is_empty() {
            return inline;
        }
        let here = self.text.get(offset..).unwrap_or("");
        let end = here.find('\n').map_or(self.text.len(), |n| offset + n);
        let mut lines = self.text.get(..end).unwrap_or(self.text).lines().map(str::trim);
        let header = lines.rfind(|line| line.starts_with('[')).unwrap_or("");
        header.trim_start_matches('[').split(']').next().unwrap_or("").trim().to_owned()
    }
}

/// The candidate nearest to a word by Damerau-Levenshtein distance, where it is near enough to be meant.
pub(super) fn nearest(word: &str, candidates: &[String]) -> Option<Box<str>> {
    let lower = word.to_lowercase();
    let distance = |c: &String| strsim::damerau_levenshtein(&lower, &c.to_lowercase());
    let best = candidates.iter().min_by_key(|c| distance(c))?;
    let allowed = 1 + word.chars().count().max(best.chars().count()) / 3;
    (distance(best) <= allowed).then(|| best.as_str().into())
}

/// What `toml` says of the keys of a variant: the first that is unknown, then those that are known.
fn unexpected(message: &str) -> Option<Vec<String>> {
    let (unknown, known) =
        message.strip_prefix("unexpected keys in table: ")?.split_once(", available keys: ")?;
    let first = unknown.split(", ").next()?;
    let known = known.split(", ").filter(|key| !key.is_empty());
    Some(std::iter::once(first).chain(known).map(str::to_owned).collect())
}

/// Serde writes names between backticks, the offending one first.
fn quoted(message: &str) -> Vec<String> {
    message.split('`').skip(1).step_by(2).map(str::to_owned).collect()
}

fn split_first(names: &[String]) -> (String, Vec<String>) {
    names.split_first().map_or((String::new(), Vec::new()), |(first, rest)| (first.clone(), rest.to_vec()))
}

/// Byte offset of the deepest part of a dotted key that is written.
fn position(table: &DeTable<'_>, key: &str) -> Option<usize> {
    let (head, rest) = key.split_once('.').map_or((key, ""), |(h, r)| (h, r));
    let (name, index) =
        head.split_once('[').map_or((head, None), |(n, i)| (n, Some(i.trim_end_matches(']'))));
    let (written, value) = table.iter().find(|(k, _)| k.get_ref() == name)?;
    let mut here = written.span().start;
    let mut inner = value.get_ref();
    if let (Some(index), DeValue::Array(array)) = (index, inner) {
        let element = array.get(index.parse::<usize>().ok()?)?;
        here = element.span().start;
        inner = element.get_ref();
    }
    match inner {
        DeValue::Table(table) if !rest.is_empty() => position(table, rest).or(Some(here)),
        _ => Some(here),
    }
}

fn descend(table: &DeTable<'_>, offset: usize, path: &mut Vec<String>) {
    for (key, value) in table {
        let inside = value.span().contains(&offset);
        if let DeValue::Table(inner) = value.get_ref() {
            let depth = path.len();
            path.push(key.get_ref().to_string());
            descend(inner, offset, path);
            if inside || path.len() > depth + 1 {
                return;
            }
            path.truncate(depth);
        } else if let DeValue::Array(array) = value.get_ref() {
            let depth = path.len();
            for (i, element) in array.iter().enumerate() {
                path.push(format!("{}[{i}]", key.get_ref()));
                if let DeValue::Table(inner) = element.get_ref() {
                    descend(inner, offset, path);
                }
                if element.span().contains(&offset) || path.len() > depth + 1 {
                    return;
                }
                path.truncate(depth);
            }
            if inside {
                path.push(key.get_ref().to_string());
                return;
            }
        } else if inside {
            path.push(key.get_ref().to_string());
            return;
        }
    }
}
