//! The pods of a copy.

use crate::observation::Readiness;

/// The condition of a copy's pods, once they have started.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pods {
    /// They are ready and serve.
    Well,
    /// None of them becomes ready.
    Broken,
    /// Too few are ready, and those serve.
    Few,
    /// They are ready, and none of them is an endpoint.
    Hidden,
}

impl Pods {
    pub(super) fn readiness(self) -> Readiness {
        match self {
            Self::Well | Self::Hidden => Readiness::Ready,
            Self::Broken => Readiness::not_ready("0 of 1 pods are available"),
            Self::Few => Readiness::not_ready("9 of 10 pods are available"),
        }
    }

    pub(super) fn serve(self) -> bool {
        match self {
            Self::Well | Self::Few => true,
            Self::Broken | Self::Hidden => false,
        }
    }
}
