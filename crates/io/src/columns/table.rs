//! From serialised values to a table of variables, and back.

use std::collections::BTreeMap;

use serde_json::{Map, Number, Value};

/// What does not fit a table.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Misfit {
    /// Something that is not finite, or an absent value.
    #[error("`{path}` of column {column} is not a finite number")]
    NotFinite {
        /// Where in the struct.
        path: String,
        /// Which column, 0-based.
        column: usize,
    },
    /// Something that is one thing in one column and another in the next.
    #[error("`{path}` of column {column} has another type or shape than before")]
    Unlike {
        /// Where in the struct.
        path: String,
        /// Which column, 0-based.
        column: usize,
    },
    /// Text with spaces, or none.
    #[error("`{path}` of column {column} is text, not the name of a variant")]
    Text {
        /// Where in the struct.
        path: String,
        /// Which column, 0-based.
        column: usize,
    },
}

/// What the entries of a variable are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Double precision.
    Number,
    /// Whole numbers.
    Integer,
    /// True or false.
    Truth,
    /// One of [`Variable::words`].
    Word,
    /// How many entries a list has.
    Count,
}

/// One entry of one column: the column, its places in the lists around it, and its numbers.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Entry {
    pub column: usize,
    pub places: Vec<usize>,
    pub numbers: Numbers,
}

/// Numbers of an entry. Whole numbers, truths, words and counts are integers.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Numbers {
    Real(Vec<f64>),
    Whole(i64),
}

/// A variable: what one place in the struct holds in every column.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Variable {
    pub kind: Kind,
    /// Shape of an entry.
    pub shape: Vec<usize>,
    pub words: Vec<String>,
    pub entries: Vec<Entry>,
}

/// Variables by path, such as `plants[].season.Growing.dry_days`.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Table {
    pub columns: usize,
    pub variables: BTreeMap<String, Variable>,
}

impl Table {
    /// Adds a column.
    pub fn push(&mut self, value: &Value) -> Result<(), Misfit> {
        self.walk(value, "", &mut Vec::new())?;
        self.columns += 1;
        Ok(())
    }

    fn walk(&mut self, value: &Value, path: &str, places: &mut Vec<usize>) -> Result<(), Misfit> {
        match value {
            Value::Object(members) => members.iter().try_for_each(|(name, member)| {
                let inner = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
                self.walk(member, &inner, places)
            }),
            Value::Array(items) if is_list(items) => self.walk_list(items, path, places),
            Value::Array(_) => {
                let (shape, numbers) = numbers_of(value).ok_or_else(|| self.not_finite(path))?;
                self.note(path, places, Kind::Number, &shape, Numbers::Real(numbers))
            }
            Value::Number(number) => {
                let real = || number.as_f64().map(|real| (Kind::Number, Numbers::Real(vec![real])));
                let whole = number.as_i64().map(|whole| (Kind::Integer, Numbers::Whole(whole)));
                let (kind, numbers) = whole.or_else(real).ok_or_else(|| self.not_finite(path))?;
                self.note(path, places, kind, &[], numbers)
            }
            Value::Bool(truth) => {
                self.note(path, places, Kind::Truth, &[], Numbers::Whole(i64::from(*truth)))
            }
            Value::String(word) => self.note_word(path, places, word),
            Value::Null => Err(self.not_finite(path)),
        }
    }

    fn walk_list(&mut self, items: &[Value], path: &str, places: &mut Vec<usize>) -> Result<(), Misfit> {
        let path = format!("{path}[]");
        self.note(&path, places, Kind::Count, &[], Numbers::Whole(whole(items.len())))?;
        items.iter().enumerate().try_for_each(|(i, item)| {
            places.push(i);
            let walked = self.walk(item, &path, places);
            places.pop();
            walked
        })
    }

    fn note_word(&mut self, path: &str, places: &[usize], word: &str) -> Result<(), Misfit> {
        if word.is_empty() || word.contains(char::is_whitespace) {
            return Err(Misfit::Text { path: path.to_owned(), column: self.columns });
        }
        self.note(path, places, Kind::Word, &[], Numbers::Whole(0))?;
        let Some(variable) = self.variables.get_mut(path) else { return Ok(()) };
        let known = variable.words.iter().position(|w| w == word);
        let code = known.unwrap_or_else(|| {
            variable.words.push(word.to_owned());
            variable.words.len() - 1
        });
        if let Some(entry) = variable.entries.last_mut() {
            entry.numbers = Numbers::Whole(whole(code));
        }
        Ok(())
    }

    fn note(
        &mut self,
        path: &str,
        places: &[usize],
        kind: Kind,
        shape: &[usize],
        numbers: Numbers,
    ) -> Result<(), Misfit> {
        let column = self.columns;
        let new = || Variable { kind, shape: shape.to_vec(), words: Vec::new(), entries: Vec::new() };
        let variable = self.variables.entry(path.to_owned()).or_insert_with(new);
        if variable.kind != kind || variable.shape != shape {
            return Err(Misfit::Unlike { path: path.to_owned(), column });
        }
        variable.entries.push(Entry { column, places: places.to_vec(), numbers });
        Ok(())
    }

    fn not_finite(&self, path: &str) -> Misfit {
        Misfit::NotFinite { path: path.to_owned(), column: self.columns }
    }

    /// The columns again; none where the variables don't fit together.
    pub fn values(&self) -> Option<Vec<Value>> {
        let mut columns = vec![Value::Null; self.columns];
        let lists = |kind: Kind| kind == Kind::Count;
        for wanted in [true, false] {
            for (path, variable) in self.variables.iter().filter(|(_, v)| lists(v.kind) == wanted) {
                for entry in &variable.entries {
                    let slot = slot(columns.get_mut(entry.column)?, path, &entry.places)?;
                    *slot = variable.value(entry)?;
                }
            }
        }
        Some(columns)
    }
}

impl Variable {
    fn value(&self, entry: &Entry) -> Option<Value> {
        Some(match (self.kind, &entry.numbers) {
            (Kind::Number, Numbers::Real(numbers)) => nested(&self.shape, numbers)?,
            (Kind::Integer, Numbers::Whole(whole)) => Value::from(*whole),
            (Kind::Truth, Numbers::Whole(whole)) => Value::Bool(*whole != 0),
            (Kind::Word, Numbers::Whole(code)) => {
                Value::String(self.words.get(usize::try_from(*code).ok()?)?.clone())
            }
            (Kind::Count, Numbers::Whole(n)) => Value::Array(vec![Value::Null; usize::try_from(*n).ok()?]),
            _ => return None,
        })
    }
}

/// A count as the file holds it.
pub(super) fn whole(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

/// Whether the items are anything but real numbers, which make arrays; so is nothing at all.
fn is_list(items: &[Value]) -> bool {
    items.first().is_none_or(|first| match first {
        Value::Number(number) => number.as_i64().is_some(),
        Value::Array(inner) => is_list(inner),
        Value::Null => false,
        _ => true,
    })
}

/// Shape and numbers of an array of arrays of numbers; none where it is ragged or holds something else.
fn numbers_of(value: &Value) -> Option<(Vec<usize>, Vec<f64>)> {
    match value {
        Value::Number(number) => Some((Vec::new(), vec![number.as_f64()?])),
        Value::Array(items) => {
            let parts: Vec<_> = items.iter().map(numbers_of).collect::<Option<_>>()?;
            let inner = parts.first()?.0.clone();
            if parts.iter().any(|(shape, _)| *shape != inner) {
                return None;
            }
            let shape = std::iter::once(items.len()).chain(inner).collect();
            Some((shape, parts.into_iter().flat_map(|(_, numbers)| numbers).collect()))
        }
        _ => None,
    }
}

/// Arrays of arrays again.
fn nested(shape: &[usize], numbers: &[f64]) -> Option<Value> {
    let Some((length, inner)) = shape.split_first() else {
        return Number::from_f64(*numbers.first()?).map(Value::Number);
    };
    let each = numbers.len() / length;
    numbers.chunks(each.max(1)).map(|part| nested(inner, part)).collect::<Option<Vec<_>>>().map(Value::Array)
}

/// Where a path leads in a value; objects on the way are made, lists have to be there.
fn slot<'a>(value: &'a mut Value, path: &str, places: &[usize]) -> Option<&'a mut Value> {
    let mut here = value;
    let mut places = places.iter();
    for step in path.split('.') {
        let name = step.trim_end_matches("[]");
        if here.is_null() {
            *here = Value::Object(Map::new());
        }
        here = here.as_object_mut()?.entry(name).or_insert(Value::Null);
        for _ in 0..(step.len() - name.len()) / 2 {
            match places.next() {
                Some(&place) => here = here.as_array_mut()?.get_mut(place)?,
                // The last brackets of a count are the list itself.
                None => return Some(here),
            }
        }
    }
    Some(here)
}
