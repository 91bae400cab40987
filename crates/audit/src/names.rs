//! Rows by name: each identifier is kept once, and pointed at by a number.

use std::{collections::HashMap, sync::Arc};

/// A row's place on its shelf.
pub type Index = u32;

/// Rows of one kind by their identifier.
#[derive(Debug)]
pub struct Shelf<T> {
    places: HashMap<Arc<str>, Index>,
    rows: Vec<(Arc<str>, T)>,
}

impl<T> Default for Shelf<T> {
    fn default() -> Self {
        Self { places: HashMap::new(), rows: Vec::new() }
    }
}

impl<T: Default> Shelf<T> {
    /// Where the row of this name is; an empty one is made when there is none.
    pub fn place(&mut self, name: &str) -> Index {
        if let Some(place) = self.places.get(name) {
            return *place;
        }
        let name: Arc<str> = name.into();
        let place = Index::try_from(self.rows.len()).expect("four thousand million rows do not fit into memory");
        self.places.insert(name.clone(), place);
        self.rows.push((name, T::default()));
        place
    }

    /// The row of this name; an empty one is made when there is none.
    pub fn entry(&mut self, name: &str) -> &mut T {
        let place = self.place(name);
        &mut self.rows[place as usize].1
    }
}

impl<T> Shelf<T> {
    /// The row at a place.
    pub fn at(&self, place: Index) -> &T {
        &self.rows[place as usize].1
    }

    /// The name of the row at a place.
    pub fn name(&self, place: Index) -> &str {
        &self.rows[place as usize].0
    }

    /// Every row with its name, in the order of first mention.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &T)> {
        self.rows.iter().map(|(name, row)| (&**name, row))
    }

    /// How many names were mentioned.
    pub fn len(&self) -> usize {
        self.rows.len()
    }
}
