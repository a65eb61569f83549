//! What a manifest can request that a router does not support, beyond its abilities.

use crate::{
    spec::{HttpMatch, Problems, Routing, Service},
    strategy::Strategy,
};

/// What an analysis requires of its router.
pub(crate) struct Asked<'a> {
    /// The services.
    pub(crate) service: &'a Service,
    /// `analysis.match`.
    pub(crate) items: &'a [HttpMatch],
    /// The strategy derived from the analysis, if there is one.
    pub(crate) strategy: Option<&'a Strategy>,
}

/// The rules of one router. Problems are added at fields below the part that is checked.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    /// Checks what `spec.service` says about the routes.
    pub(crate) service: fn(&Routing, &mut Problems<'_>),
    /// Checks an item of `analysis.match`.
    pub(crate) item: fn(&HttpMatch, &mut Problems<'_>),
    /// Checks the analysis as a whole.
    pub(crate) analysis: fn(&Asked<'_>, &mut Problems<'_>),
    /// It reads `infinity` as "no timeout".
    pub(crate) waits_forever: bool,
    /// The controller itself reads `corsPolicy.maxAge`.
    pub(crate) age_is_read: bool,
}

/// Refuses fields of an item of `analysis.match` that a router cannot match, all for the same reason. Each field has
/// its name, and whether the item leaves it out.
pub(super) fn refuse_given<const N: usize>(
    fields: [(&str, bool); N],
    why: &str,
    problems: &mut Problems<'_>,
) {
    for (field, _) in fields.into_iter().filter(|(_, is_left_out)| !is_left_out) {
        problems.add(field, why);
    }
}

impl Limits {
    /// No rules except those that hold for every router.
    pub(crate) const NONE: Self = Self {
        service: |_, _| {},
        item: |_, _| {},
        analysis: |_, _| {},
        waits_forever: false,
        age_is_read: false,
    };
}
