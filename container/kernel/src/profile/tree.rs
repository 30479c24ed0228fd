//! An ordered map from bytes to rows whose copies share what they have in common: copying it is one counter.
//!
//! A B+tree of counted nodes. A write copies the nodes on its way that somebody else holds, and changes the others in
//! place; so a table without readers elsewhere is written as any map is, and a snapshot costs its writer one path.

use smallvec::SmallVec;
use std::sync::Arc;
use strowger::profile::SharedRow;

/// Entries of a full leaf. Leaves are what no cache holds: a search in a small one touches few lines of memory.
const LEAF: usize = 16;
/// Children of a full node above.
const INNER: usize = 64;
/// Bytes of a key that lie in its node.
const SHORT: usize = 22;

#[derive(Clone)]
enum Key {
    Short(u8, [u8; SHORT]),
    Long(Box<[u8]>),
}

impl Key {
    fn new(bytes: &[u8]) -> Self {
        let mut short = [0; SHORT];
        match short.get_mut(..bytes.len()) {
            Some(place) => {
                place.copy_from_slice(bytes);
                Self::Short(bytes.len() as u8, short)
            }
            None => Self::Long(Box::from(bytes)),
        }
    }
    fn bytes(&self) -> &[u8] {
        match self {
            Self::Short(length, bytes) => bytes.get(..usize::from(*length)).unwrap_or(bytes),
            Self::Long(bytes) => bytes,
        }
    }
}

#[derive(Clone)]
#[expect(
    clippy::large_enum_variant,
    reason = "most nodes are leaves, and what they hold is to lie right there"
)]
enum Node {
    Leaf(Leaf),
    /// Each child with a key that none of its own is less than.
    Inner(Vec<(Key, Arc<Node>)>),
}

type Leaf = SmallVec<[(Key, SharedRow); LEAF]>;

/// See the module.
#[derive(Clone)]
pub(crate) struct Tree {
    root: Arc<Node>,
    len: usize,
}

impl Default for Tree {
    fn default() -> Self {
        Self {
            root: Arc::new(Node::Leaf(Leaf::new())),
            len: 0,
        }
    }
}

impl Tree {
    pub(crate) const fn len(&self) -> usize {
        self.len
    }
    pub(crate) fn get(&self, key: &[u8]) -> Option<&SharedRow> {
        let mut node = &*self.root;
        loop {
            match node {
                Node::Leaf(entries) => {
                    let place = entries.binary_search_by(|(k, _)| k.bytes().cmp(key)).ok()?;
                    return entries.get(place).map(|(_, row)| row);
                }
                Node::Inner(children) => node = &children.get(child(children, key))?.1,
            }
        }
    }
    /// The entry with the greatest key that is not greater than this one.
    pub(crate) fn at_most(&self, key: &[u8]) -> Option<(&[u8], &SharedRow)> {
        at_most(&self.root, key)
    }
    /// Puts a row in, and gives the one that was there.
    pub(crate) fn insert(&mut self, key: &[u8], row: SharedRow) -> Option<SharedRow> {
        let (old, split) = insert(&mut self.root, key, row);
        if let Some((key, right)) = split {
            let left = Arc::clone(&self.root);
            self.root = Arc::new(Node::Inner(vec![(Key::new(&[]), left), (key, right)]));
        }
        self.len += usize::from(old.is_none());
        old
    }
    pub(crate) fn remove(&mut self, key: &[u8]) -> Option<SharedRow> {
        let old = remove(&mut self.root, key)?;
        self.len -= 1;
        while let Node::Inner(children) = &*self.root
            && let [(_, only)] = children.as_slice()
        {
            self.root = Arc::clone(only);
        }
        Some(old)
    }
    /// Entries in order, from the first that is not less than `from`, to the last that is less than `to`.
    pub(crate) fn range<'a>(&'a self, from: &[u8], to: Option<&'a [u8]>) -> Range<'a> {
        let mut path = SmallVec::new();
        let mut node = &*self.root;
        loop {
            match node {
                Node::Leaf(entries) => {
                    path.push((node, entries.partition_point(|(k, _)| k.bytes() < from)));
                    return Range { path, to };
                }
                Node::Inner(children) => {
                    let place = child(children, from);
                    path.push((node, place + 1));
                    let Some((_, next)) = children.get(place) else {
                        return Range { path, to };
                    };
                    node = next;
                }
            }
        }
    }
}

/// See [`Tree::range`].
pub(crate) struct Range<'a> {
    /// Nodes from the root to a leaf, each with the place of the entry that comes next.
    path: SmallVec<[(&'a Node, usize); 6]>,
    to: Option<&'a [u8]>,
}

impl<'a> Iterator for Range<'a> {
    type Item = (&'a [u8], &'a SharedRow);

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let (node, place) = self.path.last_mut()?;
            let at = *place;
            *place += 1;
            match *node {
                Node::Leaf(entries) => {
                    if let Some((key, row)) = entries.get(at) {
                        let key = key.bytes();
                        return self.to.is_none_or(|to| key < to).then_some((key, row));
                    }
                    self.path.pop();
                }
                Node::Inner(children) => match children.get(at) {
                    Some((_, next)) => self.path.push((next, 0)),
                    None => {
                        self.path.pop();
                    }
                },
            }
        }
    }
}

/// The place of the child that has a key, if any has.
fn child(children: &[(Key, Arc<Node>)], key: &[u8]) -> usize {
    children
        .partition_point(|(k, _)| k.bytes() <= key)
        .saturating_sub(1)
}

fn at_most<'a>(node: &'a Node, key: &[u8]) -> Option<(&'a [u8], &'a SharedRow)> {
    match node {
        Node::Leaf(entries) => {
            let after = entries.partition_point(|(k, _)| k.bytes() <= key);
            let (k, row) = entries.get(after.checked_sub(1)?)?;
            Some((k.bytes(), row))
        }
        // What a child's bound says may have been removed: then the one before has it.
        Node::Inner(children) => (0..=child(children, key))
            .rev()
            .find_map(|place| at_most(&children.get(place)?.1, key)),
    }
}

type Split = Option<(Key, Arc<Node>)>;

fn insert(node: &mut Arc<Node>, key: &[u8], row: SharedRow) -> (Option<SharedRow>, Split) {
    match Arc::make_mut(node) {
        Node::Leaf(entries) => {
            let place = match entries.binary_search_by(|(k, _)| k.bytes().cmp(key)) {
                Ok(place) => {
                    let old = entries
                        .get_mut(place)
                        .map(|(_, r)| std::mem::replace(r, row));
                    return (old, None);
                }
                Err(place) => place,
            };
            (None, insert_in_leaf(entries, place, (Key::new(key), row)))
        }
        Node::Inner(children) => {
            let place = child(children, key);
            let Some((bound, next)) = children.get_mut(place) else {
                return (None, None);
            };
            if key < bound.bytes() {
                *bound = Key::new(key);
            }
            let (old, new) = insert(next, key, row);
            let Some(new) = new else {
                return (old, None);
            };
            children.insert(place + 1, new);
            (old, split(children, place + 1))
        }
    }
}

/// Puts an entry in. A full leaf is split first: in the middle, or at its end if the entry is the last; so what comes in
/// order leaves full leaves.
fn insert_in_leaf(entries: &mut Leaf, place: usize, entry: (Key, SharedRow)) -> Split {
    if entries.len() < LEAF {
        entries.insert(place, entry);
        return None;
    }
    let at = if place == LEAF { LEAF } else { LEAF / 2 };
    let mut right: Leaf = entries.drain(at..).collect();
    if place > at || at == LEAF {
        right.insert(place - at, entry);
    } else {
        entries.insert(place, entry);
    }
    let bound = right.first().map(|(key, _)| key.clone())?;
    Some((bound, Arc::new(Node::Leaf(right))))
}

/// Splits a node that has one child too many, in the same way.
fn split(children: &mut Vec<(Key, Arc<Node>)>, new: usize) -> Split {
    if children.len() <= INNER {
        return None;
    }
    let last = new + 1 == children.len();
    let at = if last { new } else { children.len() / 2 };
    let right = children.split_off(at);
    let bound = right.first().map(|(key, _)| key.clone())?;
    Some((bound, Arc::new(Node::Inner(right))))
}

fn remove(node: &mut Arc<Node>, key: &[u8]) -> Option<SharedRow> {
    match Arc::make_mut(node) {
        Node::Leaf(entries) => {
            let place = entries.binary_search_by(|(k, _)| k.bytes().cmp(key)).ok()?;
            Some(entries.remove(place).1)
        }
        Node::Inner(children) => {
            let place = child(children, key);
            let old = remove(&mut children.get_mut(place)?.1, key)?;
            tidy(children, place);
            Some(old)
        }
    }
}

impl Node {
    /// How many entries or children it has, and how many it has when it is full.
    fn size(&self) -> (usize, usize) {
        match self {
            Self::Leaf(entries) => (entries.len(), LEAF),
            Self::Inner(children) => (children.len(), INNER),
        }
    }
}

/// After a removal: drops an empty child, and joins a sparse one with a neighbour that has room.
fn tidy(children: &mut Vec<(Key, Arc<Node>)>, place: usize) {
    let Some((len, full)) = children.get(place).map(|(_, node)| node.size()) else {
        return;
    };
    if len == 0 && children.len() > 1 {
        children.remove(place);
    } else if len < full / 4 {
        let size = |at: usize| children.get(at).map_or(full, |(_, node)| node.size().0);
        let fits = |left: usize| size(left) + size(left + 1) <= full * 3 / 4;
        if fits(place) {
            join(children, place);
        } else if place.checked_sub(1).is_some_and(fits) {
            join(children, place - 1);
        }
    }
}

fn join(children: &mut Vec<(Key, Arc<Node>)>, left: usize) {
    let (_, right) = children.remove(left + 1);
    let Some((_, node)) = children.get_mut(left) else {
        return;
    };
    match (Arc::make_mut(node), Arc::unwrap_or_clone(right)) {
        (Node::Leaf(into), Node::Leaf(from)) => into.extend(from),
        (Node::Inner(into), Node::Inner(from)) => into.extend(from),
        (Node::Leaf(_), Node::Inner(_)) | (Node::Inner(_), Node::Leaf(_)) => {
            debug_assert!(false, "children of one node are of one kind");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;
    use strowger::prelude::*;
    use strowger::profile::AnyProfile as _;

    #[derive(Clone, Debug, Profile)]
    struct Empty {}

    fn row(number: u64) -> SharedRow {
        Box::new(Empty {}).into_row(number, "x")
    }

    /// Numbers that look random, the same in every run.
    struct Dice(u64);
    impl Dice {
        fn below(&mut self, n: u64) -> u64 {
            self.0 = self
                .0
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            (self.0 >> 33) % n
        }
        fn key(&mut self) -> Vec<u8> {
            let long = self.below(10) == 0;
            let mut key = self.below(3000).to_string().into_bytes();
            if long {
                key.extend_from_slice(&[b'x'; 30]);
            }
            key
        }
    }

    fn same(tree: &Tree, model: &BTreeMap<Vec<u8>, u64>) {
        let all: Vec<_> = tree
            .range(b"", None)
            .map(|(k, r)| (k.to_vec(), r.number()))
            .collect();
        let expected: Vec<_> = model.iter().map(|(k, n)| (k.clone(), *n)).collect();
        assert_eq!(all, expected);
        assert_eq!(tree.len(), model.len());
    }

    #[test]
    fn it_holds_what_an_ordered_map_holds() {
        let (mut tree, mut model, mut dice) = (Tree::default(), BTreeMap::new(), Dice(1));
        for step in 0..30_000 {
            let key = dice.key();
            // First it grows, then it shrinks.
            if dice.below(30_000) > step {
                let old = tree.insert(&key, row(step)).map(|r| r.number());
                assert_eq!(old, model.insert(key, step));
            } else {
                let old = tree.remove(&key).map(|r| r.number());
                assert_eq!(old, model.remove(&key));
            }
            let key = dice.key();
            assert_eq!(tree.get(&key).map(|r| r.number()), model.get(&key).copied());
            let before = model.range(..=key.clone()).next_back();
            let found = tree.at_most(&key).map(|(k, r)| (k.to_vec(), r.number()));
            assert_eq!(found, before.map(|(k, n)| (k.clone(), *n)));
            if step % 1000 == 0 {
                same(&tree, &model);
                let to = [key.clone(), vec![0xff]].concat();
                let some: Vec<_> = tree
                    .range(&key, Some(&to))
                    .map(|(k, _)| k.to_vec())
                    .collect();
                let expected: Vec<_> = model.range(key..to).map(|(k, _)| k.clone()).collect();
                assert_eq!(some, expected);
            }
        }
        for key in model.keys().cloned().collect::<Vec<_>>() {
            assert!(tree.remove(&key).is_some());
        }
        assert_eq!(tree.range(b"", None).count(), 0);
    }

    #[test]
    fn a_copy_stays_as_it_was() {
        let (mut tree, mut model, mut dice) = (Tree::default(), BTreeMap::new(), Dice(2));
        for step in 0..5000 {
            let key = dice.key();
            tree.insert(&key, row(step));
            model.insert(key, step);
        }
        let copy = tree.clone();
        for step in 5000..10_000 {
            let key = dice.key();
            if step % 2 == 0 {
                tree.insert(&key, row(step));
            } else {
                tree.remove(&key);
            }
        }
        same(&copy, &model);
    }

    #[test]
    fn what_comes_in_order_leaves_full_nodes() {
        let mut tree = Tree::default();
        for n in 0..100_000_u32 {
            tree.insert(&n.to_be_bytes(), row(u64::from(n)));
        }
        fn nodes(node: &Node) -> usize {
            match node {
                Node::Leaf(_) => 1,
                Node::Inner(children) => children.iter().map(|(_, n)| nodes(n)).sum(),
            }
        }
        assert_eq!(nodes(&tree.root), 100_000_usize.div_ceil(LEAF));
    }
}
