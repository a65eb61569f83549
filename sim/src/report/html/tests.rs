//! What stands in a page, in outline.
