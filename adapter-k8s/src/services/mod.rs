//! The three services of a Canary: in front of the primary, of the canary, and the apex that users call.
