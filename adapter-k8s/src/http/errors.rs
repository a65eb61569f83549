//! The texts of the client's errors.

use std::error::Error as _;

use super::reach::Refused;

/// Whether another try fails in the same way: TLS does not trust the server, the address is not allowed, or the request
/// is invalid.
pub(super) fn is_refused_by_us(error: &reqwest::Error) -> bool {
    if error.is_builder() {
        return true;
    }
    let mut cause = error.source();
    while let Some(error) = cause {
        if matches!(error.downcast_ref(), Some(rustls::Error::InvalidCertificate(_))) || error.is::<Refused>()
        {
            return true;
        }
        cause = match error.downcast_ref::<std::io::Error>() {
            // Its `source` would be that of the wrapped error.
            Some(error) => error.get_ref().map(|inner| inner as &(dyn std::error::Error + 'static)),
            None => error.source(),
        };
    }
    false
}

/// The innermost reason, without the address.
#[must_use]
pub fn cause(error: reqwest::Error) -> String {
    let error = error.without_url();
    let mut innermost: &dyn std::error::Error = &error;
    while let Some(source) = innermost.source() {
        innermost = source;
    }
    super::one_line(&innermost.to_string(), 200)
}
