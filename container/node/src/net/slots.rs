//! A table whose places are used again.

/// Values by small numbers.
pub(super) struct Slots<T> {
    places: Vec<Option<T>>,
    free: Vec<u32>,
}

impl<T> Default for Slots<T> {
    fn default() -> Self {
        Self {
            places: Vec::new(),
            free: Vec::new(),
        }
    }
}

impl<T> Slots<T> {
    /// Puts a value in and gives its number.
    pub(super) fn insert(&mut self, value: T) -> u32 {
        if let Some(n) = self.free.pop()
            && let Some(place) = self.places.get_mut(n as usize)
        {
            *place = Some(value);
            return n;
        }
        self.places.push(Some(value));
        self.places.len() as u32 - 1
    }

    /// The number of the next value that is put in.
    pub(super) fn next(&self) -> u32 {
        let free = self.free.last().copied();
        free.unwrap_or(self.places.len() as u32)
    }

    pub(super) fn get_mut(&mut self, n: u32) -> Option<&mut T> {
        self.places.get_mut(n as usize)?.as_mut()
    }

    pub(super) fn remove(&mut self, n: u32) -> Option<T> {
        let value = self.places.get_mut(n as usize)?.take()?;
        self.free.push(n);
        Some(value)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (u32, &T)> {
        let places = (0..).zip(&self.places);
        places.filter_map(|(n, place)| Some((n, place.as_ref()?)))
    }

    pub(super) fn iter_mut(&mut self) -> impl Iterator<Item = (u32, &mut T)> {
        let places = (0..).zip(&mut self.places);
        places.filter_map(|(n, place)| Some((n, place.as_mut()?)))
    }

    pub(super) fn len(&self) -> usize {
        self.places.len() - self.free.len()
    }
}
