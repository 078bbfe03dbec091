//! The reader of the kernel's types, on types that are made up, and on those of this kernel.

use super::btf::{Btf, BtfError, Elements, FieldPath};

/// Words of types and names as the kernel writes them, with a header before them.
fn bytes(types: &[u32], names: &str) -> Vec<u8> {
    let length = types.len() as u32 * 4;
    let head = [24, 0, length, length, names.len() as u32];
    let words = head.iter().chain(types).flat_map(|word| word.to_ne_bytes());
    let first = 0xeb9fu16.to_ne_bytes().into_iter().chain([1, 0]);
    first.chain(words).chain(names.bytes()).collect()
}

const INT: u32 = 1 << 24;
const POINTER: u32 = 2 << 24;
const ARRAY: u32 = 3 << 24;
const STRUCT: u32 = 4 << 24;
const TYPEDEF: u32 = 8 << 24;
const FUNC: u32 = 12 << 24;
const BITS: u32 = 1 << 31;

/// `outer { u32 first; bits; { u32 hidden; inner *far; }; item list[]; }`, `inner { u64 deep; }`, `item { u32 a; u32 b; }`.
fn made_up() -> Vec<u8> {
    let names = "\0outer\0first\0bits\0hidden\0far\0list\0inner\0deep\0item\0a\0b\0run\0";
    let name = |name: &str| names.find(&format!("\0{name}\0")).unwrap() as u32 + 1;
    #[rustfmt::skip]
    let types = [
        // 1: u32. 2: u64.
        0, INT, 4, 32,
        0, INT, 8, 64,
        // 3: inner. 4: its other name. 5: a pointer to it.
        name("inner"), STRUCT | 1, 8, name("deep"), 2, 0,
        0, TYPEDEF, 3,
        0, POINTER, 4,
        // 6: item. 7: items without number.
        name("item"), STRUCT | 2, 8, name("a"), 1, 0, name("b"), 1, 32,
        0, ARRAY, 0, 6, 1, 0,
        // 8: what has no name. 9: outer.
        0, STRUCT | 2, 16, name("hidden"), 1, 0, name("far"), 5, 64,
        name("outer"), STRUCT | BITS | 4, 24,
            name("first"), 1, 0,
            name("bits"), 1, 3 << 24 | 32,
            0, 8, 64,
            name("list"), 7, 192,
        // 10: a function.
        name("run"), FUNC, 0,
    ];
    bytes(&types, names)
}

#[test]
fn fields_are_found_where_they_lie() {
    let bytes = made_up();
    let types = Btf::parse(&bytes).unwrap();
    let outer = types.structure("outer").unwrap();
    let path = |offsets: &[u16], size| Ok(FieldPath { offsets: offsets.to_vec(), size });
    assert_eq!(outer.path("first"), path(&[0], 4));
    assert_eq!(outer.path("hidden"), path(&[8], 4));
    assert_eq!(outer.path("far"), path(&[16], 8));
    assert_eq!(outer.path("far.deep"), path(&[16, 0], 8));
    assert_eq!(outer.elements("list", "b"), Ok(Elements { at: 24, size: 8, field: 4 }));
    assert_eq!(types.function("run"), Ok(10));
}

#[test]
fn what_is_lacking_is_named() {
    let bytes = made_up();
    let types = Btf::parse(&bytes).unwrap();
    let outer = types.structure("outer").unwrap();
    let lacks = |name: &str| BtfError::Lacks(name.to_string());
    // No field, a field of a number, a bit field, no plain number, half a name.
    for path in ["none", "far.none", "first.deep", "bits", "list", "firs", "far."] {
        assert_eq!(outer.path(path), Err(lacks(&format!("outer.{path}"))));
    }
    assert_eq!(outer.elements("first", "a"), Err(lacks("outer.first[].a")));
    assert_eq!(outer.elements("list", "c"), Err(lacks("outer.list[].c")));
    assert_eq!(types.function("outer"), Err(lacks("outer()")));
    assert_eq!(types.structure("oute").err(), Some(lacks("struct oute")));
    assert_eq!(lacks("outer.none").to_string(), "the kernel's types have no outer.none");
}

#[test]
fn a_structure_without_end_has_one() {
    let names = "\0endless\0";
    // Each of its fields is itself, without a name.
    let mut types = vec![1, STRUCT | 0xffff, 8];
    types.extend([0, 1, 0].repeat(0xffff));
    let bytes = bytes(&types, names);
    let types = Btf::parse(&bytes).unwrap();
    let endless = types.structure("endless").unwrap();
    assert_eq!(endless.path("field"), Err(BtfError::Lacks("endless.field".to_string())));
}

#[test]
fn what_is_cut_or_unknown_is_malformed() {
    let whole = made_up();
    for length in 0..whole.len() {
        assert_eq!(Btf::parse(&whole[..length]).err(), Some(BtfError::Malformed), "{length}");
    }
    let unknown = bytes(&[0, 25 << 24, 0], "\0");
    assert_eq!(Btf::parse(&unknown).err(), Some(BtfError::Malformed));
}

#[test]
fn the_programs_need_fields_that_types_may_lack() {
    let bytes = made_up();
    let types = Btf::parse(&bytes).unwrap();
    let lacks = BtfError::Lacks("struct task_struct".to_string());
    assert_eq!(super::program::of_tasks(&types).err(), Some(lacks.clone()));
    assert_eq!(super::program::of_files(&types).err(), Some(lacks));
}
