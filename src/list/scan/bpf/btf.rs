//! Reads what /sys/kernel/btf/vmlinux says of the kernel's structures: BTF, the BPF Type Format of the kernel's
//! documentation. Bytes → values, and no more than what a program of ours needs: where a field lies, and the number of a
//! function.
//!
//! Whatever the bytes are, a look-up ends, and its memory is bounded by their number.

/// Why something cannot be looked up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BtfError {
    /// These are not the types of a kernel for this machine, or of a kind that we do not know.
    Malformed,
    /// The kernel has no such field or function, or the field is not a plain number or pointer.
    Lacks(String),
}

impl std::fmt::Display for BtfError {
    fn fmt(&self, text: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            BtfError::Malformed => text.write_str("the kernel's types cannot be read"),
            BtfError::Lacks(name) => write!(text, "the kernel's types have no {name}"),
        }
    }
}

/// The kinds of types that we must tell apart, BTF_KIND_* of <linux/btf.h>.
mod kind {
    pub const INT: u32 = 1;
    pub const PTR: u32 = 2;
    pub const ARRAY: u32 = 3;
    pub const STRUCT: u32 = 4;
    pub const UNION: u32 = 5;
    pub const ENUM: u32 = 6;
    pub const FWD: u32 = 7;
    pub const TYPEDEF: u32 = 8;
    pub const VOLATILE: u32 = 9;
    pub const CONST: u32 = 10;
    pub const RESTRICT: u32 = 11;
    pub const FUNC: u32 = 12;
    pub const FUNC_PROTO: u32 = 13;
    pub const VAR: u32 = 14;
    pub const DATASEC: u32 = 15;
    pub const FLOAT: u32 = 16;
    pub const DECL_TAG: u32 = 17;
    pub const TYPE_TAG: u32 = 18;
    pub const ENUM64: u32 = 19;
}

const MAGIC: u16 = 0xeb9f;
const HEADER: usize = 24;
/// A type without what follows it.
const TYPE: usize = 12;
const MEMBER: usize = 12;

/// Structures in structures, and names for names. No kernel comes near.
const DEEPEST: usize = 32;

/// We look at so many fields at most to find one.
const MOST: u32 = 1 << 16;

/// Where a field lies: read a pointer at each offset but the last, one behind the other, then `size` bytes at the last.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldPath {
    /// The offsets; there is at least one.
    pub offsets: Vec<u16>,
    /// The size of the field: 1, 2, 4 or 8.
    pub size: u32,
}

/// The last field of a structure, an array of structures.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Elements {
    /// Where the array begins.
    pub at: u16,
    /// The size of an element.
    pub size: u16,
    /// Where the field lies in an element.
    pub field: u16,
}

/// The types of a kernel.
#[derive(Debug)]
pub struct Btf<'b> {
    types: &'b [u8],
    names: &'b [u8],
    /// Where each type starts; the first one has the number 1.
    starts: Vec<u32>,
}

/// A type, as its twelve bytes say.
#[derive(Clone, Copy, Debug)]
struct Type {
    at: usize,
    name: u32,
    kind: u32,
    count: usize,
    has_bits: bool,
    /// Its size, or the number of another type.
    other: u32,
}

impl<'b> Btf<'b> {
    /// Reads the header, and finds where each type starts. Errors: malformed.
    pub fn parse(bytes: &'b [u8]) -> Result<Btf<'b>, BtfError> {
        Btf::read(bytes).ok_or(BtfError::Malformed)
    }

    fn read(bytes: &'b [u8]) -> Option<Btf<'b>> {
        let magic = u16::from_ne_bytes(bytes.get(..2)?.try_into().ok()?);
        let header = word(bytes, 4)? as usize;
        if magic != MAGIC || header < HEADER {
            return None;
        }
        let section = |at: usize| {
            let start = header.checked_add(word(bytes, at)? as usize)?;
            bytes.get(start..start.checked_add(word(bytes, at + 4)? as usize)?)
        };
        let mut btf = Btf { types: section(8)?, names: section(16)?, starts: Vec::new() };
        let mut at = 0;
        while at < btf.types.len() {
            btf.starts.push(u32::try_from(at).ok()?);
            at = at.checked_add(btf.length(at)?)?;
        }
        (at == btf.types.len()).then_some(btf)
    }

    /// The length of the type at this place; `None` for one that we do not know.
    fn length(&self, at: usize) -> Option<usize> {
        let found = self.type_at(at)?;
        let more = match found.kind {
            kind::INT | kind::VAR | kind::DECL_TAG => 4,
            kind::ARRAY => 12,
            kind::STRUCT | kind::UNION | kind::DATASEC | kind::ENUM64 => found.count * 12,
            kind::ENUM | kind::FUNC_PROTO => found.count * 8,
            kind::PTR | kind::FWD | kind::TYPEDEF | kind::VOLATILE | kind::CONST => 0,
            kind::RESTRICT | kind::FUNC | kind::FLOAT | kind::TYPE_TAG => 0,
            _ => return None,
        };
        Some(TYPE + more)
    }

    fn type_at(&self, at: usize) -> Option<Type> {
        let info = word(self.types, at + 4)?;
        Some(Type {
            at,
            name: word(self.types, at)?,
            kind: info >> 24 & 0x1f,
            count: (info & 0xffff) as usize,
            has_bits: info >> 31 != 0,
            other: word(self.types, at + 8)?,
        })
    }

    fn get(&self, number: u32) -> Option<Type> {
        let at = self.starts.get(number.checked_sub(1)? as usize)?;
        self.type_at(*at as usize)
    }

    /// Whether the name at this place is that one.
    fn is_named(&self, at: u32, name: &str) -> bool {
        let found = self.names.get(at as usize..).unwrap_or_default();
        found.strip_prefix(name.as_bytes()).is_some_and(|rest| rest.first() == Some(&0))
    }

    fn find(&self, kind: u32, name: &str) -> Option<(u32, Type)> {
        let all = (1..).zip(&self.starts).filter_map(|(number, at)| Some((number, self.type_at(*at as usize)?)));
        let mut all = all.filter(|(_, found)| found.kind == kind);
        all.find(|(_, found)| self.is_named(found.name, name))
    }

    /// The number of a function. Errors: the kernel lacks it.
    pub fn function(&self, name: &str) -> Result<u32, BtfError> {
        let found = self.find(kind::FUNC, name);
        found.map(|(number, _)| number).ok_or_else(|| BtfError::Lacks(format!("{name}()")))
    }

    /// The structure of this name. Errors: the kernel lacks it.
    pub fn structure(&self, name: &'static str) -> Result<Structure<'_>, BtfError> {
        let found = self.find(kind::STRUCT, name).ok_or_else(|| BtfError::Lacks(format!("struct {name}")))?;
        Ok(Structure { btf: self, name, found: found.1 })
    }

    /// The type behind names for it, `const` and their like.
    fn bare(&self, number: u32) -> Option<Type> {
        let mut found = self.get(number)?;
        for _ in 0..DEEPEST {
            match found.kind {
                kind::TYPEDEF | kind::VOLATILE | kind::CONST | kind::RESTRICT | kind::TYPE_TAG => {
                    found = self.get(found.other)?;
                }
                _ => return Some(found),
            }
        }
        None
    }

    /// Offset and type of a field of a structure, or of what lies in it without a name. Bit fields do not count.
    /// `left`: how many fields we look at, so that a structure without end has one.
    fn field(&self, of: Type, name: &str, depth: usize, left: &mut u32) -> Option<(u16, u32)> {
        if !matches!(of.kind, kind::STRUCT | kind::UNION) {
            return None;
        }
        for member in 0..of.count {
            *left = left.checked_sub(1)?;
            let at = of.at + TYPE + member * MEMBER;
            let (called, number, place) = (word(self.types, at)?, word(self.types, at + 4)?, word(self.types, at + 8)?);
            let (bits, offset) = if of.has_bits { (place >> 24, place & 0x00ff_ffff) } else { (0, place) };
            let is_wanted = self.is_named(called, name);
            let is_nameless = self.is_named(called, "");
            if !is_wanted && !is_nameless || bits != 0 || offset % 8 != 0 {
                continue;
            }
            let Ok(offset) = u16::try_from(offset / 8) else {
                continue;
            };
            if is_wanted {
                return Some((offset, number));
            }
            let inner = self.bare(number).zip(depth.checked_sub(1));
            if let Some((more, found)) = inner.and_then(|(inner, depth)| self.field(inner, name, depth, left)) {
                return Some((offset.checked_add(more)?, found));
            }
        }
        None
    }
}

/// A structure of the kernel's.
#[derive(Debug)]
pub struct Structure<'b> {
    btf: &'b Btf<'b>,
    name: &'static str,
    found: Type,
}

impl Structure<'_> {
    /// Where `path` lies, counted from the structure: the names of fields, with a dot between two, whether the first is a
    /// structure or a pointer to one. Errors: the kernel lacks it.
    pub fn path(&self, path: &str) -> Result<FieldPath, BtfError> {
        self.follow(path).ok_or_else(|| BtfError::Lacks(format!("{}.{path}", self.name)))
    }

    fn follow(&self, path: &str) -> Option<FieldPath> {
        let mut inside = self.found;
        let mut offsets = vec![0u16];
        for name in path.split('.') {
            if inside.kind == kind::PTR {
                inside = self.btf.bare(inside.other)?;
                offsets.push(0);
            }
            let (offset, field) = self.btf.field(inside, name, DEEPEST, &mut MOST.clone())?;
            let last = offsets.last_mut()?;
            *last = last.checked_add(offset)?;
            inside = self.btf.bare(field)?;
        }
        let size = match inside.kind {
            kind::PTR => 8,
            kind::INT | kind::ENUM => inside.other,
            _ => return None,
        };
        // A load has its offset in a signed number of 16 bits.
        let are_in_reach = offsets.iter().all(|offset| i16::try_from(*offset).is_ok());
        (are_in_reach && matches!(size, 1 | 2 | 4 | 8)).then_some(FieldPath { offsets, size })
    }

    /// Where the elements of its array `array` lie, and the field of each. Errors: the kernel lacks them.
    pub fn elements(&self, array: &str, field: &str) -> Result<Elements, BtfError> {
        let find = || {
            let (at, of) = self.btf.field(self.found, array, DEEPEST, &mut MOST.clone())?;
            let array = self.btf.bare(of).filter(|found| found.kind == kind::ARRAY)?;
            let element = self.btf.bare(word(self.btf.types, array.at + TYPE)?)?;
            let size = u16::try_from(element.other).ok().filter(|_| element.kind == kind::STRUCT)?;
            Some(Elements { at, size, field: self.btf.field(element, field, DEEPEST, &mut MOST.clone())?.0 })
        };
        find().ok_or_else(|| BtfError::Lacks(format!("{}.{array}[].{field}", self.name)))
    }
}

fn word(bytes: &[u8], at: usize) -> Option<u32> {
    let found = bytes.get(at..at.checked_add(4)?)?;
    Some(u32::from_ne_bytes(found.try_into().ok()?))
}
