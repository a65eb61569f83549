//! What a router cannot do of what a manifest asks, beyond what its abilities say.

use crate::{
    spec::{HttpMatch, Problems, Routing, Service},
    strategy::Strategy,
};

/// What an analysis asks of its router.
pub(crate) struct Asked<'a> {
    /// The services.
    pub(crate) service: &'a Service,
    /// `analysis.match`.
    pub(crate) items: &'a [HttpMatch],
    /// What was derived of the analysis, if that could be.
    pub(crate) strategy: Option<&'a Strategy>,
}

/// The rules of one router. Problems are added at the field below what is looked at.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    /// Looks at what `spec.service` says of the routes.
    pub(crate) service: fn(&Routing, &mut Problems<'_>),
    /// Looks at an item of `analysis.match`.
    pub(crate) item: fn(&HttpMatch, &mut Problems<'_>),
    /// Looks at the analysis as a whole.
    pub(crate) analysis: fn(&Asked<'_>, &mut Problems<'_>),
    /// It reads `infinity` as no limit of time.
    pub(crate) waits_forever: bool,
    /// The controller itself reads `corsPolicy.maxAge`.
    pub(crate) age_is_read: bool,
}

/// Refuses fields of an item of `analysis.match` that a router cannot match, for one reason: each with its name, and whether
/// the item leaves it out.
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
    /// None but those that hold for every router.
    pub(crate) const NONE: Self = Self {
        service: |_, _| {},
        item: |_, _| {},
        analysis: |_, _| {},
        waits_forever: false,
        age_is_read: false,
    };
}
