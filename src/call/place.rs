//! Names of places that a deployment knows.

/// One name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    pub name: String,
    /// The district it lies in, as drafts write it.
    pub district: Option<String>,
}

/// A line's hot words and the names of its gazetteer.
pub type Places = Vec<Place>;
