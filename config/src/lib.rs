//! Typed configuration: model, loader, validation, schema.
