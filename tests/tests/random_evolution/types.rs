//! Descriptions of programs: events, the types in them, and serde's attributes.

/// A program: types, events that contain them, and an aggregate that reads the events.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Program {
    pub(crate) types: Vec<TypeDef>,
    pub(crate) events: Vec<Event>,
    pub(crate) aggregate: Aggregate,
    /// The number of the next part.
    pub(crate) next: u32,
}

/// The aggregate that reads the events and keeps what they contained.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Aggregate {
    pub(crate) name: String,
    pub(crate) id: &'static str,
    /// Whether its state is stored in snapshots.
    pub(crate) snapshots: bool,
    /// What it adds to everything that it reads.
    pub(crate) adds: u32,
}

/// The number of a part, which it keeps through all changes: its meaning.
pub(crate) type Id = u32;

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Event {
    pub(crate) id: Id,
    pub(crate) rust: String,
    pub(crate) wire: String,
    pub(crate) fields: Vec<Field>,
    pub(crate) serde: Container,
    pub(crate) past: Past,
    /// Determines the value of `Default`.
    pub(crate) default: u64,
    pub(crate) semantics: Option<String>,
}

/// The previous version of an event.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Past {
    /// It is version 1.
    None,
    /// Version 2, and its changes of the fields.
    History(Vec<Step>),
    /// Version 2; version 1 is a struct with these fields, and an upcast converts it.
    Step { old: Vec<Field>, made: Vec<(Id, Source)> },
    /// It is retired, and is read as the first event, created from a seed.
    Retired(u64),
}

/// The change of one field in version 2.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Step {
    /// It was added, with a value derived from a seed.
    Added(Id, u64),
    /// It had another name on the wire.
    Renamed(Id, String),
    /// A field of this name and type was removed.
    Removed(String, Ty),
}

/// The source of a field in an upcast.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Source {
    /// The field of version 1 with this number.
    Kept(Id),
    /// A number of version 1, plus an amount.
    Plus(Id, i64),
    /// A value derived from a seed.
    Made(u64),
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct TypeDef {
    pub(crate) id: Id,
    pub(crate) rust: String,
    /// `#[shape(name = "…")]`.
    pub(crate) shape: Option<String>,
    pub(crate) serde: Container,
    pub(crate) body: Body,
    /// Determines the value of `Default`.
    pub(crate) default: u64,
    pub(crate) parameter: Parameter,
}

/// What a type is generic over.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Parameter {
    None,
    /// `T`, which a field contains.
    Type,
    /// `const N: u32`, which no field shows.
    Const,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Body {
    Struct(Fields),
    Enum(Vec<Variant>),
    /// A newtype that is written as its contents, changed by these numbers: one when written, one when read.
    Converted(Shifted),
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Fields {
    Unit,
    Tuple(Vec<Field>),
    Named(Vec<Field>),
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Variant {
    pub(crate) id: Id,
    pub(crate) rust: String,
    pub(crate) rename: Option<String>,
    pub(crate) aliases: Vec<String>,
    pub(crate) fields: Fields,
    pub(crate) is_other: bool,
    /// Written without its name, in an enum whose other variants are written with theirs.
    pub(crate) untagged: bool,
    /// `#[default]`: then `Default` is derived.
    pub(crate) is_default: bool,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Field {
    pub(crate) id: Id,
    pub(crate) rust: String,
    pub(crate) ty: Ty,
    pub(crate) rename: Option<String>,
    pub(crate) aliases: Vec<String>,
    pub(crate) default: Default,
    pub(crate) omitted: bool,
    pub(crate) flatten: bool,
    pub(crate) with: Option<With>,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Default {
    None,
    /// `#[serde(default)]`.
    OfType,
    /// `#[serde(default = "path")]`, with the function's name and its value.
    Path(String, u64),
}

/// A module that writes and reads an `i64`.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct With {
    pub(crate) module: String,
    pub(crate) shifted: Shifted,
}

/// How an `i64` is written: as a number or a text, after an amount was added.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Shifted {
    pub(crate) as_text: bool,
    pub(crate) written: i64,
    pub(crate) read: i64,
}

/// Serde's attributes of a type.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Container {
    pub(crate) repr: Repr,
    pub(crate) rename_all: Rule,
    pub(crate) deny_unknown: bool,
    pub(crate) default: bool,
    pub(crate) transparent: bool,
}

impl Container {
    pub(crate) const PLAIN: Self = Self {
        repr: Repr::External,
        rename_all: Rule::None,
        deny_unknown: false,
        default: false,
        transparent: false,
    };
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Repr {
    External,
    Internal(String),
    Adjacent(String, String),
    Untagged,
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Rule {
    None,
    Camel,
    Kebab,
    Screaming,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Ty {
    Bool,
    Int(&'static str),
    Float,
    Char,
    Text,
    Option(Box<Self>),
    List(Box<Self>),
    Deque(Box<Self>),
    Set(Box<Self>),
    Map(Box<Self>, Box<Self>),
    Pair(Box<Self>, Box<Self>),
    Array(Box<Self>, usize),
    Boxed(Box<Self>),
    Named(Id, Argument),
    /// The type parameter.
    T,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Argument {
    None,
    Type(Box<Ty>),
    Const(u32),
}

impl Program {
    pub(crate) const fn id(&mut self) -> Id {
        self.next += 1;
        self.next
    }

    pub(crate) fn of(&self, id: Id) -> Option<&TypeDef> {
        self.types.iter().find(|of| of.id == id)
    }
}

impl Fields {
    pub(crate) fn list(&self) -> &[Field] {
        match self {
            Self::Unit => &[],
            Self::Tuple(fields) | Self::Named(fields) => fields,
        }
    }

    pub(crate) fn list_mut(&mut self) -> Option<&mut Vec<Field>> {
        match self {
            Self::Unit => None,
            Self::Tuple(fields) | Self::Named(fields) => Some(fields),
        }
    }
}

impl Rule {
    pub(crate) const ALL: [Self; 4] = [Self::None, Self::Camel, Self::Kebab, Self::Screaming];

    pub(crate) const fn name(self) -> Option<&'static str> {
        match self {
            Self::None => None,
            Self::Camel => Some("camelCase"),
            Self::Kebab => Some("kebab-case"),
            Self::Screaming => Some("SCREAMING_SNAKE_CASE"),
        }
    }

    /// What serde writes for a name such as `line_items` or `LineItems`.
    pub(crate) fn apply(self, name: &str) -> String {
        let mut words: Vec<String> = Vec::new();
        for character in name.chars() {
            if character == '_' {
                words.push(String::new());
            } else if character.is_uppercase() || words.is_empty() {
                words.push(character.to_ascii_lowercase().to_string());
            } else if let Some(word) = words.last_mut() {
                word.push(character);
            }
        }
        match self {
            Self::None => name.into(),
            Self::Kebab => words.join("-"),
            Self::Screaming => words.join("_").to_uppercase(),
            Self::Camel => {
                let capital = |word: &String| {
                    let mut letters = word.chars();
                    letters.next().map(|first| first.to_uppercase().chain(letters).collect::<String>())
                };
                words[0].clone() + &words[1..].iter().filter_map(capital).collect::<String>()
            }
        }
    }
}

impl Field {
    pub(crate) fn wire(&self, rule: Rule) -> String {
        self.rename.clone().unwrap_or_else(|| rule.apply(&self.rust))
    }
}

impl Variant {
    pub(crate) fn wire(&self, rule: Rule) -> String {
        self.rename.clone().unwrap_or_else(|| rule.apply(&self.rust))
    }
}
