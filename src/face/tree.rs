//! Namespaces below the user namespaces that own them.

use std::collections::{HashMap, HashSet};

use super::listed::{NamespaceInfo, Namespaces};

/// The owner, if it is listed as well. The initial user namespace has none.
pub fn owner_in<'n>(all: &'n Namespaces, namespace: &NamespaceInfo) -> Option<&'n NamespaceInfo> {
    all.get(namespace.owner().filter(|owner| *owner != namespace.inode())?)
}

/// Depth first, each with its depth. A circle, which a changing system may show, is cut: nothing comes twice, nothing is lost.
pub fn by_owner(all: &Namespaces) -> Vec<(usize, &NamespaceInfo)> {
    let mut below: HashMap<u64, Vec<&NamespaceInfo>> = HashMap::new();
    for namespace in all {
        if let Some(owner) = owner_in(all, namespace) {
            below.entry(owner.inode()).or_default().push(namespace);
        }
    }
    let (mut tree, mut seen) = (Vec::new(), HashSet::new());
    // After the roots, what is left is in circles.
    for start in all.roots().chain(all) {
        let mut open = vec![(0, start)];
        while let Some((depth, namespace)) = open.pop() {
            if seen.insert(namespace.inode()) {
                tree.push((depth, namespace));
                let children = below.remove(&namespace.inode()).unwrap_or_default();
                open.extend(children.into_iter().rev().map(|child| (depth + 1, child)));
            }
        }
    }
    tree
}
