//! Case numbers of this or another service that the caller quotes.
